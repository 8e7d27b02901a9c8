"""Zip files from strangers: refused with a sentence before anything is unpacked, or read file by file."""

import stat
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import BinaryIO

from matching.decoding import DecodeLimits
from portal.submissions.actions import SubmissionRefused, clean_name

MAX_ENTRIES = 400
MAX_BYTES = 800 * 2**20  # unpacked, of all stills together
MAX_RATIO = 100  # pictures are packed already
MAX_DIRECTORY_BYTES = 512 * 2**10
LARGEST = DecodeLimits().max_bytes
TAIL = 22 + 2**16
END, END_64 = b"PK\x05\x06", b"PK\x06\x07"
NESTED = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz")
JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ArchiveRefused(SubmissionRefused):
    """The zip cannot be used, with a sentence what to send instead."""


def must_be_sound(file: BinaryIO, *, most_bytes: int, most_entries: int, ratio: int) -> None:
    """Raise ArchiveRefused for what is no plain zip within these limits; unpacks nothing."""
    _check_directory(file, most_entries)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error) as error:
        raise ArchiveRefused("zip_unreadable", "The zip file is damaged. Make it again.") from error
    for entry in entries:
        _check_entry(entry, ratio)
    if sum(entry.file_size for entry in entries) > most_bytes:
        raise ArchiveRefused("zip_too_large", f"Unpacked, the zip is larger than {most_bytes // 2**20} MB.")


def _check_directory(file: BinaryIO, most_entries: int) -> None:
    """Its table of contents alone could fill the memory: look at its size before it is read."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - TAIL))
    tail = file.read(TAIL)
    file.seek(0)
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + 22:
        raise ArchiveRefused("not_a_zip", "This is not a zip file. Put the stills into an ordinary .zip.")
    entries, size = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > most_entries or size > MAX_DIRECTORY_BYTES or END_64 in tail:
        raise ArchiveRefused("zip_too_many", f"The zip may hold {most_entries} files. Send it in parts.")


def _check_entry(entry: zipfile.ZipInfo, ratio: int) -> None:
    name = entry.filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\x00" in entry.orig_filename:
        raise ArchiveRefused("zip_path", "The zip holds a file with a path out of its folder. Make it again.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveRefused("zip_link", "The zip holds a link. Put in the stills themselves.")
    if entry.flag_bits & 0x1:
        raise ArchiveRefused("zip_encrypted", "The zip has a password. Make one without; the upload is safe.")
    if path.suffix.lower() in NESTED:
        raise ArchiveRefused("zip_nested", "The zip holds another archive. Put the stills in directly.")
    if entry.compress_type not in READABLE:
        raise ArchiveRefused("zip_method", "The zip is packed in an unusual way. Make an ordinary .zip.")
    if entry.file_size > max(entry.compress_size, 1) * ratio:
        raise ArchiveRefused("zip_bomb", "A file in the zip unpacks to far more than it says. Make it again.")


class StillArchive:
    """The stills of a zip by name. A file that is too large or damaged is None when read."""

    def __init__(self, file: BinaryIO) -> None:
        must_be_sound(file, most_bytes=MAX_BYTES, most_entries=MAX_ENTRIES, ratio=MAX_RATIO)
        self._archive = zipfile.ZipFile(file)
        entries = [one for one in self._archive.infolist() if not one.is_dir() and not _is_junk(one.filename)]
        self._by_path = {one.filename.replace("\\", "/").lower(): one for one in entries}
        self._by_name: dict[str, list[zipfile.ZipInfo]] = {}
        for one in entries:
            self._by_name.setdefault(clean_name(one.filename).lower(), []).append(one)

    def named(self, name: str) -> list[zipfile.ZipInfo]:
        """The files of this name or path, whatever its case: one, none, or several in different folders."""
        path = name.replace("\\", "/").lower()
        if path in self._by_path:
            return [self._by_path[path]]
        return self._by_name.get(clean_name(name).lower(), [])

    def read(self, entry: zipfile.ZipInfo) -> bytes | None:
        """The file's bytes, one more than may be decoded at most; None where it is damaged."""
        try:
            with self._archive.open(entry) as file:
                return file.read(LARGEST + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ):
            return None

    def names(self) -> list[str]:
        """All files, as their paths stand in the zip."""
        return sorted(one.filename for one in self._by_path.values())


def _is_junk(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in JUNK or "/._" in f"/{name}"
