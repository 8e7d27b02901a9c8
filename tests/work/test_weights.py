"""Weights missing or damaged: uploads are taken, nothing is lost, the operator is told, then it goes on."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from matching.weights import DLIB_RESNET, PINNED, packaged_folder
from portal.submissions.models import Still
from portal.work import WorkState
from tests.cast import Cast, client_of, face_picture, make_offender
from tests.working import WorkerProcess, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
NAME = DLIB_RESNET.name


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where this service looks for weights."""
    path = tmp_path / "weights"
    path.mkdir()
    settings.MATCHING_WEIGHTS = str(path)
    return path


def upload(cast: Cast) -> Still:
    """A still sent over the retailer's page."""
    offender = make_offender(cast.loss_prevention, cast.campaign)
    file = SimpleUploadedFile("still.jpg", face_picture(3))
    url = reverse("retailer:still-add", args=[offender.uid])
    page = client_of(cast.loss_prevention).post(url, {"stills": [file]}, follow=True)
    assert page.status_code == 200
    assert "received" in page.content.decode()
    return offender.stills.get()


def mend(folder: Path) -> None:
    """Put the released files where the service looks for them."""
    for weights in PINNED:
        shutil.copy(packaged_folder(weights) / weights.name, folder / weights.name)


def operations(cast: Cast) -> str:
    cache.clear()
    return client_of(cast.administrator).get(reverse("oversight:operations")).content.decode()


def missing(folder: Path) -> None:
    """As it is made: empty."""


def damaged(folder: Path) -> None:
    mend(folder)
    content = bytearray((folder / NAME).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / NAME).write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(missing, f"{NAME} is not in"), (damaged, "has sha256")],
    ids=["missing", "damaged"],
)
def test_nothing_is_lost_while_the_weights_are_away(
    cast: Cast,
    start_worker: Callable[..., WorkerProcess],
    folder: Path,
    *,
    spoil: Callable[[Path], None],
    reason: str,
) -> None:
    spoil(folder)
    start_worker(
        beat=True,
        MATCHING_WEIGHTS=str(folder),
        STILLMATCH_CACHE=str(folder.parent),
        WORK_RESEND_SECONDS="1",
    )
    stills = [upload(cast), upload(cast)]

    rows = Still.objects.filter(pk__in=[still.pk for still in stills])
    wait_until(lambda: rows.filter(work_error__contains=reason).count() == 2, what="the reason on the rows")
    sent_first = {still.pk: still.work_sent_at for still in stills}
    wait_until(
        lambda: all(row.work_sent_at > sent_first[row.pk] for row in rows.all()),
        what="the sweeper's next try",
    )
    wait_until(lambda: rows.filter(work_state=WorkState.QUEUED).count() == 2, what="both waiting")
    assert set(rows.values_list("work_attempts", flat=True)) <= {0, 1}  # 1 while it is being tried
    page = operations(cast)
    assert "Nothing can be matched." in page
    assert reason in page

    mend(folder)
    wait_until(lambda: rows.filter(work_state=WorkState.DONE).count() == 2, what="both searched", seconds=120)
    assert set(rows.values_list("work_error", "work_attempts")) == {("", 1)}
    assert all(row.searches.count() == 1 for row in rows.all())
    assert "Nothing can be matched." not in operations(cast)
