"""Local files: a full disk, a half-written file, what a key may be."""

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from portal import storage
from portal.storage import PrivateFileStorage, StorageUnavailable
from portal.submissions.models import Still
from tests.api.conftest import program_of
from tests.cast import Cast, client_of, make_offender, picture

KIB = 1024


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file of this process may become longer: a write beyond fails half-way, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files_under(path: Path) -> list[Path]:
    """Every file, hidden ones too."""
    return [one for one in path.rglob("*") if one.is_file()]


@pytest.fixture
def place(tmp_path: Path) -> PrivateFileStorage:
    return PrivateFileStorage(location=tmp_path / "files")


def test_a_file_is_whole_and_private(place: PrivateFileStorage) -> None:
    key = storage.store(place, b"x" * 300_000, suffix=".jpg")
    assert storage.read(place, key) == b"x" * 300_000
    (file,) = files_under(Path(place.location))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(NotImplementedError):
        place.url(key)


def test_a_full_disk_leaves_no_file_of_any_name(place: PrivateFileStorage) -> None:
    with files_end_at(200 * KIB), pytest.raises(StorageUnavailable):
        storage.store(place, b"x" * 300 * KIB)
    assert not files_under(Path(place.location))
    assert storage.read(place, storage.store(place, b"small")) == b"small"


def test_a_name_that_is_taken_is_never_overwritten(place: PrivateFileStorage) -> None:
    first = place.save("ab/one.jpg", ContentFile(b"first"))
    second = place.save("ab/one.jpg", ContentFile(b"second"))
    assert first != second
    assert storage.read(place, first) == b"first"


def test_a_file_that_is_not_there(place: PrivateFileStorage) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read(place, "ab/nothing.jpg")


@pytest.mark.django_db
def test_an_upload_to_a_full_disk_is_refused_clearly_and_keeps_nothing(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    program, client = program_of(cast.loss_prevention), client_of(cast.loss_prevention)
    content = picture(1, width=2400, height=1600) + bytes(200 * KIB)  # the copy is smaller than the original
    url = reverse("retailer:still-add", args=[offender.uid])
    places = [Path(place.location) for place in (storage.originals(), storage.stills())]  # type: ignore[attr-defined]
    before = [files_under(place) for place in places]
    with files_end_at(len(content) - 100):
        page = client.post(url, {"stills": SimpleUploadedFile("a.jpg", content)}, follow=True)
        answer = program.upload(offender.uid, content)
    assert "a.jpg was not taken. This could not be stored just now" in page.content.decode()
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert [files_under(place) for place in places] == before
    assert not Still.objects.exists()
    assert program.upload(offender.uid, content).status_code == 201


@pytest.mark.django_db
def test_a_large_upload_finds_no_room_even_to_be_received(cast: Cast) -> None:
    """Django puts what is longer than 4 MB into a temporary file first."""
    offender = make_offender(cast.loss_prevention, cast.campaign)
    program = program_of(cast.loss_prevention)
    content = picture(2) + bytes(6 * KIB * KIB)
    with files_end_at(KIB * KIB):
        answer = program.upload(offender.uid, content)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert program.upload(offender.uid, content).status_code == 201
