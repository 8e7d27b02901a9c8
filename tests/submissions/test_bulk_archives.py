"""Zips from strangers: refused with a sentence, and never unpacked beyond what was counted."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.submissions.bulk.archives import ArchiveRefused, StillArchive
from tests.cast import picture
from tests.submissions.tables import zipped


def link() -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("a.jpg")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return out


def encrypted() -> io.BytesIO:
    """The flag alone: what the service looks at before anything is unpacked."""
    content = bytearray(zipped({"a.jpg": picture(1)}).getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(signature) + offset
        content[at : at + 2] = struct.pack("<H", 1)
    return io.BytesIO(bytes(content))


def zip64() -> io.BytesIO:
    content = zipped({"a.jpg": b"x"}).getvalue()
    at = content.index(b"PK\x05\x06")
    return io.BytesIO(content[:at] + b"PK\x06\x07" + bytes(16) + content[at:])


def too_much() -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.jpg", b"x")
    return out


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (io.BytesIO(b"no zip"), "not_a_zip"),
        (io.BytesIO(b""), "not_a_zip"),
        (zipped({"../a.jpg": b"x"}), "zip_path"),
        (zipped({"/a.jpg": b"x"}), "zip_path"),
        (zipped({"C:\\a.jpg": b"x"}), "zip_path"),
        (zipped({"b\\..\\..\\a.jpg": b"x"}), "zip_path"),
        (link(), "zip_link"),
        (encrypted(), "zip_encrypted"),
        (zipped({"more.zip": b"x"}), "zip_nested"),
        (zipped({"more.tar.gz": b"x"}), "zip_nested"),
        (too_much(), "zip_method"),
        (zipped({"a.jpg": bytes(10_000_000)}), "zip_bomb"),
        (zipped({f"{n}.jpg": b"x" for n in range(401)}), "zip_too_many"),
        (zip64(), "zip_too_many"),
    ],
)
def test_what_is_no_plain_zip_is_refused(file: io.BytesIO, code: str) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        StillArchive(file)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


def test_stills_are_found_by_name_or_path() -> None:
    archive = StillArchive(
        zipped(
            {
                "one/A.jpg": b"1",
                "two/a.jpg": b"2",
                "b.jpg": b"3",
                "__MACOSX/one/._A.jpg": b"4",
                "two/.DS_Store": b"5",
            }
        )
    )
    assert archive.names() == ["b.jpg", "one/A.jpg", "two/a.jpg"]
    assert len(archive.named("a.jpg")) == 2
    assert [archive.read(one) for one in archive.named("ONE\\a.jpg")] == [b"1"]
    assert [archive.read(one) for one in archive.named("B.JPG")] == [b"3"]
    assert archive.named("c.jpg") == []


def test_a_damaged_file_costs_itself_only() -> None:
    content = bytearray(zipped({"a.jpg": picture(1), "b.jpg": picture(2)}).getvalue())
    content[200] ^= 0xFF
    archive = StillArchive(io.BytesIO(bytes(content)))
    assert archive.read(archive.named("a.jpg")[0]) is None
    assert archive.read(archive.named("b.jpg")[0]) == picture(2)


@given(st.binary(max_size=300), st.integers(0, 600), st.integers(0, 255))
def test_any_bytes_are_a_zip_or_refused(noise: bytes, at: int, value: int) -> None:
    content = bytearray(zipped({"a.jpg": noise}).getvalue())
    content[at % len(content)] = value
    for candidate in (noise, bytes(content)):
        try:
            archive = StillArchive(io.BytesIO(candidate))
        except ArchiveRefused:
            continue
        for name in archive.names():
            for entry in archive.named(name):
                archive.read(entry)
