"""The archive: a zip whose every byte follows from its files, a manifest of their hashes, a signature.

manifest.json lists every file but itself and manifest.sig, which is the Ed25519 signature (RFC 8032, 64 raw
bytes) of manifest.json. Files are stored uncompressed, in the manifest's order, with one fixed date: so the
same files make the same archive, and nothing can be hidden between them.
"""

import hashlib
import json
import zipfile
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "public-key.pem"
RECORD, PAPER, SCHEMA = "record.json", "package.pdf", "record.schema.json"
DATE = (1980, 1, 1, 0, 0, 0)


def signing_key() -> Ed25519PrivateKey:
    """This installation's key for packages (PACKAGE_SIGNING_KEY)."""
    return Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(settings.PACKAGE_SIGNING_KEY))


def pem(key: Ed25519PublicKey) -> bytes:
    """A public key as PEM (SubjectPublicKeyInfo)."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 (hex) of the 32 raw bytes of a public key: what two people read to each other."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def as_json(value: Any) -> bytes:
    """Sorted, indented, UTF-8, with a last line break."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def entry(name: str, content: bytes) -> dict[str, Any]:
    """How the manifest lists a file."""
    return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Append a file in the one way that this format knows."""
    info = zipfile.ZipInfo(name, DATE)
    info.create_system, info.external_attr = 3, 0o600 << 16
    archive.writestr(info, content, zipfile.ZIP_STORED)


def seal(
    file: BinaryIO, files: Iterable[tuple[str, bytes]], about: Mapping[str, Any], key: Ed25519PrivateKey
) -> dict[str, Any]:
    """Write the files (one in memory at a time), the manifest and its signature; the manifest."""
    listed = []
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in chain([(PUBLIC_KEY, pem(key.public_key()))], files):
            put(archive, name, content)
            listed.append(entry(name, content))
        manifest = {**about, "files": listed}
        written = as_json(manifest)
        put(archive, MANIFEST, written)
        put(archive, SIGNATURE, key.sign(written))
    return manifest
