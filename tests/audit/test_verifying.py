"""The night's verification of the log: in parts, once a night, what it finds where the operator looks."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal.audit import verifying
from portal.audit.log import SystemActor, record
from portal.audit.models import Entry, Verification
from portal.audit.tags import Tag
from portal.audit.tasks import verify
from tests.cast import Cast, client_of

PART = 4


@pytest.fixture(autouse=True)
def _log(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PART", PART)
    cache.clear()
    write(10)


def write(count: int) -> None:
    for step in range(count):
        record(Tag.LOGGED_IN, actor=SystemActor("test"), subject=("test", step))


def past_the_triggers(statement: str) -> None:
    """What only somebody with the database's highest rights can do; undone with the test."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def another_night() -> Verification:
    """As if the runs so far were of earlier nights; tonight's, to its end."""
    for run in Verification.objects.all():
        Verification.objects.filter(pk=run.pk).update(started_at=run.started_at - timedelta(days=1))
    tonights = verifying.verify_log()
    assert tonights is not None
    assert tonights.finished_at is not None
    return tonights


def test_it_goes_on_where_it_stopped_and_ends_at_the_newest_entry() -> None:
    total = Entry.objects.count()
    run = verifying.verify_log(at_most=PART)
    assert run is not None
    assert (run.checked, run.finished_at) == (PART, None)
    verify()
    run.refresh_from_db()
    assert (run.checked, run.fault) == (total, "")
    assert run.head == Entry.objects.get(number=total).digest
    entry = Entry.objects.get(tag=Tag.VERIFIED)
    assert entry.details == {"what": verifying.AUDIT_LOG, "checked": total, "fault": ""}


def test_once_a_night() -> None:
    assert verifying.verify_log() is not None
    assert verifying.verify_log() is None
    assert another_night().checked == Entry.objects.count() - 1
    assert Verification.objects.count() == 2


def test_a_break_is_found_recorded_and_said_to_the_operator(cast: Cast) -> None:
    past_the_triggers("UPDATE audit_entry SET reason = 'changed' WHERE number = 6")
    run = another_night()
    assert (run.checked, run.broken_at, run.fault) == (5, 6, "was altered")
    assert Entry.objects.get(tag=Tag.VERIFIED).details["fault"] == "was altered"
    text = client_of(cast.administrator).get(reverse("oversight:operations")).content.decode()
    assert "The audit log did not hold." in text
    assert "Entry 6: was altered." in text


def test_a_cut_tail_is_found_by_what_another_night_had_seen() -> None:
    good = another_night()
    past_the_triggers(f"DELETE FROM audit_entry WHERE number >= {good.checked}")
    write(8)
    run = another_night()
    assert (run.broken_at, run.fault) == (good.checked, verifying.CUT)
    assert another_night().fault == verifying.CUT


def test_the_operator_sees_that_it_holds_and_that_it_is_overdue(cast: Cast) -> None:
    client, url = client_of(cast.administrator), reverse("oversight:operations")
    assert "verified every night" in client.get(url).content.decode()
    another_night()
    text = client.get(url).content.decode()
    assert "Verified: audit log" in text
    assert "Overdue" not in text
    Verification.objects.update(started_at=timezone.now() - timedelta(days=3))
    assert "Overdue" in client.get(url).content.decode()


def test_a_long_log_shows_the_nights_result_on_its_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.oversight.audit_log.AT_ONCE", 3)
    run = another_night()
    text = client_of(cast.auditor).get(reverse("oversight:audit")).content.decode()
    assert f"The chain held for all {run.checked} entries" in text
