"""Sixty stills on their way, and what must be true of them when the dust has settled."""

from collections import Counter
from collections.abc import Callable

import psutil
import pytest
from django.db import connection

from portal.audit.chain import verify
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.searches.models import Search
from portal.searches.tasks import sweep
from portal.submissions.models import Offender, Still
from portal.work import WorkState
from tests.cast import Cast, face_picture, make_gallery, make_offender, make_still
from tests.working import WorkerProcess, wait_until

STILLS = 60
PEOPLE = 6  # pictures of so many people, sent for ten offenders each
UNSETTLED = (WorkState.QUEUED, WorkState.RUNNING)
# Short leases, so that a test sees what a minute would show; longer than loading the engine takes.
SHORT = {"WORK_LEASE_SECONDS": "8", "WORK_RESEND_SECONDS": "1"}


@pytest.fixture(autouse=True)
def _short_patience(settings: object) -> None:
    """The sweeper that this process runs has the worker's policy."""
    for name, value in SHORT.items():
        setattr(settings, name, int(value))


@pytest.fixture
def offenders(transactional_db: None, cast: Cast) -> list[Offender]:
    """Ten declared offenders; somebody is in custody."""
    make_gallery(cast.force, 3)
    return [make_offender(cast.loss_prevention, cast.campaign) for _ in range(STILLS // PEOPLE)]


@pytest.fixture
def send_sixty(offenders: list[Offender]) -> Callable[..., list[Still]]:
    """Upload the pictures of so many people for each offender."""

    def send(people: int = PEOPLE) -> list[Still]:
        pictures = [face_picture(person, face_px=70) for person in range(people)]
        return [make_still(offender, content) for offender in offenders for content in pictures]

    return send


def settled() -> int:
    """How many stills have ended, asked as the sweeper would: with it running all the while."""
    sweep()
    return Still.objects.exclude(work_state__in=UNSETTLED).count()


def wait_for(count: int, *, seconds: float = 120.0) -> None:
    """Until so many stills have ended."""
    wait_until(lambda: settled() >= count, seconds=seconds, what=f"the end of {count} stills")


def kill_one_of(worker: WorkerProcess) -> None:
    """kill -9 of a process of the pool, once the one killed before has been replaced; no beat, please."""
    wait_until(lambda: len(_pool_of(worker)) == 2, what="a pool of two")
    _pool_of(worker)[0].kill()


def _pool_of(worker: WorkerProcess) -> list[psutil.Process]:
    assert worker.child is not None
    children = psutil.Process(worker.child.pid).children()
    return [one for one in children if one.status() != psutil.STATUS_ZOMBIE]


def all_ended_right_and_once(stills: list[Still]) -> None:
    """Every still was searched exactly once, and the log says so without a break."""
    rows = Still.objects.filter(pk__in=[still.pk for still in stills])
    why = Counter(rows.exclude(work_state=WorkState.DONE).values_list("work_state", "work_error"))
    assert not why
    searched = Counter(Search.objects.values_list("still_id", flat=True))
    assert searched == {still.pk: 1 for still in stills}
    logged = Entry.objects.filter(tag=Tag.SEARCH_PERFORMED).values_list("details", flat=True)
    assert Counter(entry["still"] for entry in logged) == {str(still.uid): 1 for still in stills}
    assert not rows.filter(chosen_face=None).exists()
    verdict = verify()
    assert verdict.broken is None
    assert verdict.verified == Entry.objects.count()


def somebody_had_to_try_again() -> bool:
    """Whether the fault hit a still in mid-work: a test whose faults all missed proves nothing."""
    return Still.objects.filter(work_attempts__gt=1).exists()


def reconnect() -> None:
    """This process's own connection, after the database was away."""
    connection.close()
