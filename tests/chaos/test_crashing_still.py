"""A still that kills the process that looks at it costs three attempts, and nobody else anything."""

import hashlib
import sys
from collections.abc import Iterator

import pytest
from django.urls import reverse

from matching.decoding import decode_normalised
from portal import storage
from portal.audit.chain import verify
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.embedded.redis_server import EmbeddedRedis
from portal.searches.models import Search
from portal.submissions.models import Still
from portal.work import WorkState
from tests.cast import Cast, client_of, face_picture, make_gallery, make_offender, make_still
from tests.chaos.conftest import SHORT, wait_for
from tests.working import WorkerProcess

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stills(cast: Cast) -> list[Still]:
    """Seven; the third is deadly."""
    make_gallery(cast.force, 3)
    offender = make_offender(cast.loss_prevention, cast.campaign)
    return [make_still(offender, face_picture(person, face_px=70)) for person in range(7)]


@pytest.fixture
def crashing_worker(
    stills: list[Still], redis_server: EmbeddedRedis, service_env: dict[str, str]
) -> Iterator[WorkerProcess]:
    """Two processes; the third still is the end of each that takes it."""
    pixels = decode_normalised(storage.read(storage.stills(), stills[2].copy_key))
    deadly = {"DEADLY_SHA256": hashlib.sha256(pixels.tobytes()).hexdigest()}
    worker = WorkerProcess({**service_env, **SHORT, **deadly}, concurrency=2, beat=False)
    worker.command = [sys.executable, "-m", "tests.chaos.crashing_worker", *worker.command[3:]]
    yield worker.start()
    worker.stop()


def test_three_attempts_then_set_aside_with_its_reason_and_an_operator_can_retry(
    cast: Cast, stills: list[Still], crashing_worker: WorkerProcess, service_env: dict[str, str]
) -> None:
    wait_for(len(stills))
    deadly, *others = Still.objects.order_by("work_state").reverse()
    assert (deadly.pk, deadly.work_state, deadly.work_attempts) == (stills[2].pk, WorkState.QUARANTINED, 3)
    assert "process died" in deadly.work_error
    assert {still.work_state for still in others} == {WorkState.DONE}
    assert Entry.objects.filter(tag=Tag.WORK_QUARANTINED, subject_id=str(deadly.uid)).count() == 1
    assert crashing_worker.child is not None
    assert crashing_worker.child.poll() is None  # the pool went on

    operator = client_of(cast.administrator)
    page = operator.get(reverse("oversight:quarantined", args=["stills"])).content.decode()
    assert deadly.work_error in page
    crashing_worker.stop()
    mended = WorkerProcess({**service_env, **SHORT}, concurrency=1, beat=False).start()
    try:
        operator.post(reverse("oversight:work-retry", args=["stills", deadly.pk]))
        wait_for(len(stills))
    finally:
        mended.stop()
    deadly.refresh_from_db()
    assert (deadly.work_state, deadly.work_error) == (WorkState.DONE, "")
    assert sorted(Search.objects.values_list("still_id", flat=True)) == [still.pk for still in stills]
    assert verify().broken is None
