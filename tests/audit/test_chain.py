"""Whoever gets past the triggers and touches the log is found."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some

from portal.audit.chain import digest_of, verify
from portal.audit.log import SystemActor, record
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.audit.manage import audit_verify

ENTRIES = 12
ACTORS = [SystemActor("worker"), SystemActor("sweeper")]
TAGS = [Tag.STILL_RECEIVED, Tag.SEARCH_PERFORMED, Tag.CUSTODY_ERASED, Tag.LOGGED_IN]

pytestmark = pytest.mark.django_db
many_ways = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
numbers = some.integers(1, ENTRIES)
not_the_last = some.integers(1, ENTRIES - 1)


@pytest.fixture(autouse=True)
def written_log(db: None) -> None:
    """Twelve entries that differ in everything that can differ."""
    for step in range(ENTRIES):
        record(
            TAGS[step % 4],
            actor=ACTORS[step % 2],
            subject=("submissions.still", step),
            reason=f"reason {step}" if step % 3 else "",
            step=step,
            nested={"é": [step, 0.5, None]},
        )


def tampered(act: Callable[[], None]) -> str:
    """Why verification fails once `act` got past the triggers; everything is put back afterwards."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        act()
        verdict = verify()
        transaction.set_rollback(True)
    assert verdict.broken is not None, "nothing was noticed"
    return f"{verdict.broken.number}: {verdict.broken.why}"


def another(field: str, value: Any) -> Any:
    """A value that this field could have and does not."""
    if field == "at":
        return value + timedelta(microseconds=1)
    if field == "details":
        return {**value, "step": value["step"] + 1}
    if field in ("actor_id", "organisation_id"):
        return (value or 0) + 1
    if field in ("previous", "digest"):
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return f"{value}x"


FIELDS = [field.attname for field in Entry._meta.concrete_fields if field.attname != "number"]


def test_an_untouched_log_holds() -> None:
    verdict = verify()
    assert (verdict.verified, verdict.broken) == (ENTRIES, None)
    assert verdict.head == Entry.objects.get(number=ENTRIES).digest


@many_ways
@given(number=numbers, field=some.sampled_from(FIELDS))
def test_an_edit_is_found(number: int, field: str) -> None:
    def edit() -> None:
        value = getattr(Entry.objects.get(number=number), field)
        Entry.objects.filter(number=number).update(**{field: another(field, value)})

    broken_at = number + 1 if field == "digest" and number < ENTRIES else number
    # An altered digest makes the entry itself fail first: it no longer fits its content.
    assert tampered(edit).startswith((f"{number}:", f"{broken_at}:"))


@many_ways
@given(number=not_the_last, field=some.sampled_from([f for f in FIELDS if f not in ("previous", "digest")]))
def test_an_edit_with_a_new_digest_is_found_at_the_next_entry(number: int, field: str) -> None:
    def edit() -> None:
        entry = Entry.objects.get(number=number)
        setattr(entry, field, another(field, getattr(entry, field)))
        Entry.objects.filter(number=number).update(**{field: getattr(entry, field)}, digest=digest_of(entry))

    assert tampered(edit) == f"{number + 1}: does not follow the entry before it"


@many_ways
@given(gone=some.sets(not_the_last, min_size=1, max_size=4))
def test_a_deletion_is_found(gone: set[int]) -> None:
    def delete() -> None:
        Entry.objects.filter(number__in=gone).delete()

    assert tampered(delete) == f"{min(gone)}: entry {min(gone)} is missing"


@many_ways
@given(gone=not_the_last)
def test_a_deletion_is_found_although_the_rest_moved_up(gone: int) -> None:
    def close_ranks() -> None:
        Entry.objects.filter(number=gone).delete()
        for number in range(gone + 1, ENTRIES + 1):
            Entry.objects.filter(number=number).update(number=number - 1)

    assert tampered(close_ranks).startswith(f"{gone}:")


@many_ways
@given(place=some.integers(1, ENTRIES + 1), model=numbers)
def test_an_insertion_is_found(place: int, model: int) -> None:
    def insert() -> None:
        for number in range(ENTRIES, place - 1, -1):
            Entry.objects.filter(number=number).update(number=number + 1)
        forged = Entry.objects.get(number=model + 1 if model >= place else model)
        forged.number, forged.reason = place, "it was always here"
        forged.save(force_insert=True)

    assert tampered(insert).startswith(f"{place}:")


@many_ways
@given(one=numbers, other=numbers)
def test_a_swap_is_found(one: int, other: int) -> None:
    assume(one != other)

    def swap() -> None:
        for source, target in ((one, 0), (other, one), (0, other)):
            Entry.objects.filter(number=source).update(number=target)

    assert tampered(swap).startswith(f"{min(one, other)}:")


# --- what only an anchor shows --------------------------------------------------------------------
def cut(keep: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    Entry.objects.filter(number__gt=keep).delete()


@many_ways
@given(keep=some.integers(0, ENTRIES - 1))
def test_a_cut_tail_is_found_by_the_anchor(keep: int) -> None:
    anchor = f"{ENTRIES}:{Entry.objects.get(number=ENTRIES).digest}"
    with transaction.atomic():
        cut(keep)
        assert verify().broken is None  # which is why anchors are kept elsewhere
        with pytest.raises(CommandError, match="cut or rewritten"):
            call_command("audit_verify", anchor=anchor)
        transaction.set_rollback(True)


def test_a_log_rewritten_from_some_entry_on_is_found_by_the_anchor() -> None:
    anchor = audit_verify().rsplit(" ", 1)[1].strip()
    cut(6)
    for step in range(6, ENTRIES):
        record(Tag.LOGGED_IN, actor=ACTORS[0], subject=("submissions.still", step))
    assert f"{ENTRIES} entries hold" in audit_verify()
    with pytest.raises(CommandError, match="cut or rewritten"):
        audit_verify(anchor=anchor)


def test_a_log_that_went_on_contains_its_anchor() -> None:
    anchor = audit_verify().rsplit(" ", 1)[1].strip()
    record(Tag.LOGGED_IN, actor=ACTORS[0], subject=("test", 1))
    assert f"{ENTRIES + 1} entries hold" in audit_verify(anchor=anchor)


@pytest.mark.parametrize("anchor", ["", "12", "x:y", f"{10**30}:abc", "-1:abc"])
def test_an_anchor_that_is_none(anchor: str) -> None:
    if not anchor:
        assert "entries hold" in audit_verify(anchor=anchor)
        return
    with pytest.raises(CommandError, match="cut or rewritten"):
        audit_verify(anchor=anchor)
