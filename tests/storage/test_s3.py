"""Files in an S3 bucket: private, complete, and clear words when the bucket is away."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from portal import storage
from portal.accounts.models import Organisation
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.models import CustodyImage
from portal.gallery.tasks import enrol_custody_image
from portal.searches.models import Search
from portal.searches.tasks import process_still
from portal.storage import PrivateS3Storage, StorageUnavailable
from portal.submissions.actions import discard_draft
from portal.submissions.models import RefusedUpload, Still
from portal.work import WorkState
from tests.api.conftest import program_of
from tests.cast import (
    Cast,
    client_of,
    custody_picture,
    face_picture,
    make_offender,
    make_still,
    picture,
)
from tests.storage.conftest import BUCKET, CUSTODY_BUCKET, Road, keys

pytestmark = pytest.mark.s3


def send(client: Client, uid: object, content: bytes) -> str:
    """A still through the web form; the page that follows."""
    url = reverse("retailer:still-add", args=[uid])
    answer = client.post(url, {"stills": [SimpleUploadedFile("a.jpg", content)]}, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


# --- the storage ----------------------------------------------------------------------------------
def test_put_read_delete(on_s3: Road, bucket: Any) -> None:
    assert isinstance(storage.originals(), PrivateS3Storage)
    key = storage.store(storage.originals(), b"evidence", suffix=".bin")
    assert keys(bucket) == [f"originals/{key}"]
    assert storage.read(storage.originals(), key) == b"evidence"
    storage.originals().delete(key)
    storage.originals().delete(key)
    assert not keys(bucket)
    with pytest.raises(FileNotFoundError):
        storage.read(storage.originals(), key)


def test_no_link_and_no_public_grant(on_s3: Road, bucket: Any) -> None:
    key = storage.store(storage.stills(), b"picture")
    with pytest.raises(NotImplementedError):
        storage.stills().url(key)
    grants = bucket.get_object_acl(Bucket=BUCKET, Key=f"stills/{key}")["Grants"]
    assert {grant["Grantee"]["Type"] for grant in grants} == {"CanonicalUser"}


def test_every_fault_has_our_own_name(on_s3: Road) -> None:
    place = storage.stills()
    key = storage.store(place, b"picture")
    on_s3.close()
    actions: tuple[Callable[[], Any], ...] = (
        lambda: storage.store(place, b"more"),
        lambda: storage.read(place, key),
        lambda: place.exists(key),
        lambda: place.delete(key),
    )
    for action in actions:
        with pytest.raises(StorageUnavailable):
            action()
    on_s3.reopen()
    assert storage.read(place, key) == b"picture"


def test_wrong_credentials_or_no_bucket_are_faults_too(on_s3: Road, settings: Any) -> None:
    nowhere = PrivateS3Storage(**{**settings.S3_OPTIONS, "bucket_name": "not-there"})
    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        storage.store(nowhere, b"picture")


# --- the service on it ----------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_still_from_the_form_to_the_candidate_list(
    on_s3: Road, bucket: Any, cast: Cast, tmp_path: Path
) -> None:
    custody_image = import_from_bucket(cast.force, bucket, tmp_path)
    enrol_custody_image(image_id=custody_image.pk)
    offender = make_offender(cast.loss_prevention, cast.campaign)
    client = client_of(cast.loss_prevention)
    assert "1 still was received" in send(client, offender.uid, face_picture(3, face_px=90))
    still = offender.stills.get()
    assert {f"originals/{still.original_key}", f"stills/{still.copy_key}"} <= set(keys(bucket))
    process_still(still_id=still.pk)
    search = Search.objects.get(still=still)
    assert [one.image_id for one in search.candidates.all()] == [custody_image.pk]
    image = client.get(reverse("retailer:still-image", args=[still.uid]))
    assert (image.status_code, image["Content-Type"]) == (200, "image/jpeg")


def import_from_bucket(force: Organisation, bucket: Any, folder: Path) -> CustodyImage:
    """One custody image, whose manifest is here and whose picture is in a bucket; a second row has none."""
    bucket.put_object(Bucket=CUSTODY_BUCKET, Key="batch 1/face.jpg", Body=custody_picture(3))
    manifest = folder / "manifest.csv"
    manifest.write_text(
        "path,reference,captured_on,review_on\n"
        "batch 1/face.jpg,NM/1,2024-01-01,2030-01-01\n"
        "batch 1/gone.jpg,NM/2,2024-01-01,2030-01-01\n"
    )
    call_command("import_custody", manifest, bucket=CUSTODY_BUCKET, police=force.name)
    assert "gone.jpg cannot be read" in manifest.with_suffix(".errors.csv").read_text()
    return CustodyImage.objects.get()


@pytest.mark.django_db(transaction=True)
def test_an_import_goes_on_after_the_bucket_was_away(
    on_s3: Road, bucket: Any, cast: Cast, tmp_path: Path
) -> None:
    on_s3.fails = lambda method, _path: method == "PUT"
    with pytest.raises(CommandError, match="run the import again"):
        import_from_bucket(cast.force, bucket, tmp_path)
    assert not CustodyImage.objects.exists()
    on_s3.fails = nothing
    assert import_from_bucket(cast.force, bucket, tmp_path).subject.reference == "NM/1"


def nothing(_method: str, _path: str) -> bool:
    """All is well again."""
    return False


def anything(_method: str, _path: str) -> bool:
    """Every request fails."""
    return True


def put_of_copy(method: str, path: str) -> bool:
    """The original is taken, its copy is not."""
    return method == "PUT" and "/stills/" in path


@pytest.mark.parametrize("rule", [anything, put_of_copy])
def test_a_failing_bucket_refuses_an_upload_clearly_and_keeps_nothing(
    on_s3: Road, bucket: Any, cast: Cast, rule: Callable[[str, str], bool]
) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    client, program = client_of(cast.loss_prevention), program_of(cast.loss_prevention)
    on_s3.fails = rule
    page = send(client, offender.uid, picture(1))
    assert "a.jpg was not taken. This could not be stored just now" in page
    answer = program.upload(offender.uid, picture(1))
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer.json()["detail"].endswith(".")
    assert int(answer["Retry-After"]) > 0
    assert not Still.objects.exists()
    assert not RefusedUpload.objects.exists()  # nothing is wrong with the file
    assert not keys(bucket)
    assert not Entry.objects.filter(tag=Tag.STILL_RECEIVED).exists()
    on_s3.fails = nothing
    assert "1 still was received" in send(client, offender.uid, picture(1))
    assert program.upload(offender.uid, picture(1)).status_code == 200
    assert len(keys(bucket)) == 2


def test_a_server_that_is_gone_and_comes_back(on_s3: Road, bucket: Any, cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    program = program_of(cast.loss_prevention)
    on_s3.close()
    answer = program.upload(offender.uid, picture(1))
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    on_s3.reopen()
    assert program.upload(offender.uid, picture(1)).status_code == 201


def test_a_worker_waits_for_the_bucket_without_using_up_attempts(on_s3: Road, cast: Cast) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    on_s3.fails = anything
    for _ in range(4):
        process_still(still_id=still.pk)
    still.refresh_from_db()
    assert (still.work_state, still.work_attempts) == (WorkState.QUEUED, 0)
    assert "S3 storage" in still.work_error
    on_s3.fails = nothing
    process_still(still_id=still.pk)
    still.refresh_from_db()
    assert (still.work_state, still.work_error) == (WorkState.REFUSED, "no_face")  # a picture of noise


def test_a_picture_that_cannot_be_shown_now(on_s3: Road, cast: Cast) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    client, url = client_of(cast.loss_prevention), reverse("retailer:still-image", args=[still.uid])
    on_s3.fails = anything
    answer = client.get(url)
    assert answer.status_code == 503
    assert not Entry.objects.filter(tag=Tag.STILL_VIEWED).exists()
    on_s3.fails = nothing
    assert client.get(url).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_draft_is_discarded_although_its_files_cannot_be_deleted_now(on_s3: Road, cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    make_still(offender)
    on_s3.fails = lambda method, _path: method == "DELETE"
    discard_draft(offender, by=cast.loss_prevention)
    assert not Still.objects.exists()
