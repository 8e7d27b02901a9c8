"""Where bytes live. No storage here hands out a URL: images leave through views that check and record."""

import os
import tempfile
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages
from storages.backends.s3 import S3Storage


class PrivateMixin:
    """Refuses to make a link to a file."""

    def url(self, name: str | None = None, *args: object, **kwargs: object) -> NoReturn:
        """Always raises: an unaudited way to an image must not exist."""
        raise NotImplementedError("files are served by views that check, record, then stream")


class PrivateFileStorage(PrivateMixin, FileSystemStorage):
    """Local files: written beside, synced, then renamed, so that no half file ever has a name."""

    def _save(self, name: str, content: File) -> str:
        full_path = Path(self.path(name))
        full_path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=full_path.parent, prefix=".incoming-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, full_path)
        finally:
            Path(temporary).unlink()
        return str(name).replace("\\", "/")


class PrivateS3Storage(PrivateMixin, S3Storage):
    """An S3 bucket without public links."""


def originals() -> Storage:
    """Evidence: the bytes as they were received."""
    return storages["originals"]


def stills() -> Storage:
    """Normalised copies of stills, for viewing and matching."""
    return storages["stills"]


def custody() -> Storage:
    """Custody images."""
    return storages["custody"]


def store(storage: Storage, content: bytes, *, suffix: str = "") -> str:
    """Save bytes under a fresh random key and return it; OSError or the S3 client's error if it fails."""
    key = uuid4().hex
    return storage.save(f"{key[:2]}/{key}{suffix}", ContentFile(content))


def read(storage: Storage, key: str) -> bytes:
    """All bytes under a key; FileNotFoundError where there are none."""
    with storage.open(key) as file:
        return bytes(file.read())
