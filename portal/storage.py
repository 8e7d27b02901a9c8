"""Where bytes live. No storage here hands out a URL: images leave through views that check and record."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from uuid import uuid4

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages
from s3transfer.exceptions import RetriesExceededError  # type: ignore[import-untyped]
from storages.backends.s3 import S3Storage

S3_FAULTS = (BotoCoreError, ClientError, Boto3Error, RetriesExceededError)


class StorageUnavailable(OSError):
    """The storage cannot take or give a file now; an operator mends it, nothing is wrong with the file."""


@contextmanager
def _mapped() -> Iterator[None]:
    """The S3 client's own exceptions go no further than this module."""
    try:
        yield
    except S3_FAULTS as error:
        raise StorageUnavailable(f"S3 storage: {error}") from error


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
        _sync_directory(full_path.parent)
        return str(name).replace("\\", "/")


def _sync_directory(path: Path) -> None:
    """Without this a name, unlike the bytes it names, may not survive a power cut."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _client_config(endpoint_url: str | None) -> Config:
    """Patience that fits inside a web request; a server of one's own has no host name per bucket."""
    return Config(
        connect_timeout=3,
        read_timeout=20,
        retries={"total_max_attempts": 3, "mode": "standard"},
        s3={"addressing_style": "path" if endpoint_url else "auto"},
    )


class PrivateS3Storage(PrivateMixin, S3Storage):
    """An S3 bucket without public links. Its faults are StorageUnavailable; a missing file is not a fault."""

    def __init__(self, **options: Any) -> None:
        """The options of django-storages."""
        super().__init__(**{"client_config": _client_config(options.get("endpoint_url")), **options})

    def _open(self, name: str, mode: str = "rb") -> File:
        with _mapped():
            return super()._open(name, mode)

    def _save(self, name: str, content: File) -> str:
        with _mapped():
            return str(super()._save(name, content))

    def exists(self, name: str) -> bool:
        """Whether there is a file of this name."""
        with _mapped():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        """Delete a file; one that is not there is no error."""
        with _mapped():
            super().delete(name)


def originals() -> Storage:
    """Evidence: the bytes as they were received."""
    return storages["originals"]


def stills() -> Storage:
    """Normalised copies of stills, for viewing and matching."""
    return storages["stills"]


def custody() -> Storage:
    """Custody images."""
    return storages["custody"]


def packages() -> Storage:
    """Signed archives for investigators and prosecutors, until they expire."""
    return storages["packages"]


def uploads() -> Storage:
    """Parts of files that are still arriving."""
    return storages["uploads"]


def store(storage: Storage, content: bytes, *, suffix: str = "") -> str:
    """Save bytes under a fresh random key and return it; StorageUnavailable, and no file, where it fails."""
    key = uuid4().hex
    try:
        return storage.save(f"{key[:2]}/{key}{suffix}", ContentFile(content))
    except StorageUnavailable:
        raise
    except OSError as error:  # a full disk, mostly
        raise StorageUnavailable(f"file storage: {error}") from error


def store_file(storage: Storage, file: BinaryIO, *, suffix: str = "") -> str:
    """As `store`, for what is too big for memory: everything in `file`, from its beginning."""
    key = uuid4().hex
    file.seek(0)
    try:
        return storage.save(f"{key[:2]}/{key}{suffix}", File(file))
    except StorageUnavailable:
        raise
    except OSError as error:
        raise StorageUnavailable(f"file storage: {error}") from error


def read(storage: Storage, key: str) -> bytes:
    """All bytes under a key; FileNotFoundError where there are none, StorageUnavailable where S3 is away."""
    with _mapped(), storage.open(key) as file:
        return bytes(file.read())
