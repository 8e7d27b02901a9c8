"""Whether a package file is what was signed: the first thing wrong with it, in words."""

import json
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jsonschema import Draft202012Validator, ValidationError

from portal.cases.packages.archive import MANIFEST, PUBLIC_KEY, RECORD, SIGNATURE, entry, fingerprint, put

CHUNK = 1 << 20
LARGEST_MANIFEST = 64 * CHUNK
SCHEMA_FILE = Path(__file__).with_name("record.schema.json")


class Faulty(Exception):
    """The message says the first thing that is wrong."""


def verify(path: Path, *, key: Ed25519PublicKey | None = None) -> dict[str, Any]:
    """The manifest of a package whose every byte is as signed; Faulty where anything is wrong.

    `key` is the key that must have signed it; without one the key in the package itself, which proves only
    that nobody changed it without signing it anew.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            manifest = _checked_manifest(archive, key)
            _check_names(archive, manifest)
            _check_files(archive, manifest)
            _check_record(archive)
            _check_every_byte(file, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Faulty(f"this is not a sound zip archive: {error}") from error
    except (KeyError, TypeError, ValueError, UnicodeError, OverflowError, OSError) as error:
        raise Faulty(f"the archive cannot be read: {error}") from error
    return manifest


def _checked_manifest(archive: zipfile.ZipFile, key: Ed25519PublicKey | None) -> dict[str, Any]:
    for name in (MANIFEST, SIGNATURE, PUBLIC_KEY):
        if archive.namelist().count(name) != 1:
            raise Faulty(f"{name} is missing, or there are several")
        if archive.getinfo(name).file_size > LARGEST_MANIFEST:
            raise Faulty(f"{name} is far too big")
    written = archive.read(MANIFEST)
    signer = key or _enclosed_key(archive)
    try:
        signer.verify(archive.read(SIGNATURE), written)
    except InvalidSignature:
        raise Faulty(
            f"the signature of {MANIFEST} is not valid under the key {fingerprint(signer)[:16]}…"
        ) from None
    manifest = json.loads(written)
    if not isinstance(manifest, dict):
        raise Faulty(f"{MANIFEST} is not an object")
    return manifest


def _enclosed_key(archive: zipfile.ZipFile) -> Ed25519PublicKey:
    found = load_pem_public_key(archive.read(PUBLIC_KEY))
    if not isinstance(found, Ed25519PublicKey):
        raise Faulty(f"{PUBLIC_KEY} is not an Ed25519 key")
    return found


def _check_names(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    listed = [one["name"] for one in manifest["files"]]
    held = archive.namelist()
    for name in listed:
        if name not in held:
            raise Faulty(f"{name} is listed, but missing")
    for name in held:
        if name not in listed and name not in (MANIFEST, SIGNATURE):
            raise Faulty(f"{name} is in the archive, but not listed")
    if held != [*listed, MANIFEST, SIGNATURE]:
        raise Faulty("the files are not in the manifest's order, or one is there twice")


def _check_files(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    for listed in manifest["files"]:
        if archive.getinfo(listed["name"]).file_size != listed["bytes"]:
            raise Faulty(f"{listed['name']} has not the size that is listed")
        if entry(listed["name"], archive.read(listed["name"])) != listed:
            raise Faulty(f"{listed['name']} is not what was signed: its sha256 differs")


@cache
def record_schema() -> Any:
    """The JSON schema of record.json."""
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def _check_record(archive: zipfile.ZipFile) -> None:
    try:
        Draft202012Validator(record_schema()).validate(json.loads(archive.read(RECORD)))
    except ValidationError as error:
        raise Faulty(f"{RECORD} is not of its schema: {error.json_path} {error.message[:200]}") from None


def _check_every_byte(file: BinaryIO, archive: zipfile.ZipFile) -> None:
    """The archive is exactly what its files make: nothing before, between or after them."""
    with tempfile.TemporaryFile() as again:
        with zipfile.ZipFile(again, "w") as rebuilt:
            for name in archive.namelist():
                put(rebuilt, name, archive.read(name))
        again.seek(0)
        file.seek(0)
        while True:
            one, other = file.read(CHUNK), again.read(CHUNK)
            if one != other:
                raise Faulty("the archive holds bytes that belong to none of its files")
            if not one:
                return
