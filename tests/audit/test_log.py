"""The log on PostgreSQL: written with what it records, never changed, never forked."""

import threading

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from portal.accounts.models import Organisation, OrganisationKind
from portal.audit.chain import GENESIS, verify
from portal.audit.log import SystemActor, record, record_each
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.actions import request_deletion
from portal.retention.actions import erase_still
from portal.submissions.models import Still
from tests.cast import Cast, make_custody_image, make_offender, make_still

ACTOR = SystemActor("test")


class ChangeOfMind(Exception):
    """Raised by these tests inside a transaction."""


@pytest.mark.django_db
def test_an_entry_is_rolled_back_with_what_it_records() -> None:
    def act() -> None:
        with transaction.atomic():
            made = Organisation.objects.create(name="Nobody", kind=OrganisationKind.RETAILER)
            record(Tag.USER_CHANGED, actor=ACTOR, subject=made)
            raise ChangeOfMind

    with pytest.raises(ChangeOfMind):
        act()
    assert not Entry.objects.exists()
    assert not Organisation.objects.exists()


def test_nothing_happens_where_the_entry_cannot_be_written(cast: Cast) -> None:
    image = make_custody_image(cast.force, 1)
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'no space left on device'; END $$;
            CREATE TRIGGER full_disk BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION full_disk();
        """)
    with pytest.raises(DatabaseError, match="no space left"):
        request_deletion(image, by=cast.gallery_manager, reason="asked")
    image.refresh_from_db()
    assert image.deletion_requested_at is None


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET reason = 'changed' WHERE number = 1",
        "DELETE FROM audit_entry WHERE number = 1",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (number) DO UPDATE SET reason = 'x'",
    ],
)
def test_postgresql_refuses_to_change_an_entry(statement: str) -> None:
    record(Tag.LOGGED_IN, actor=ACTOR, subject=("test", 1))
    refused = pytest.raises(DatabaseError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify().verified == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_appends_at_once_make_one_straight_chain() -> None:
    gun = threading.Barrier(8)

    def append(writer: int) -> None:
        try:
            gun.wait()
            for count in range(10):
                record(Tag.LOGGED_IN, actor=ACTOR, subject=("test", f"{writer}-{count}"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=append, args=[writer]) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    verdict = verify()
    assert verdict.broken is None
    assert verdict.verified == 80
    assert Entry.objects.values("subject_id").distinct().count() == 80


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_gave_up_leaves_no_gap() -> None:
    """A number taken by a transaction that was rolled back is given to the next one."""
    for round_ in range(6):
        try:
            with transaction.atomic():
                record(Tag.LOGGED_IN, actor=ACTOR, subject=("test", round_))
                if round_ % 2:
                    raise ChangeOfMind
        except ChangeOfMind:
            continue
    assert (verify().broken, verify().verified) == (None, 3)


def test_an_entry_outlives_its_subject_and_its_actor(cast: Cast) -> None:
    still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    uid = str(still.uid)
    erase_still(still, by=SystemActor("test"), reason="over")
    assert not Still.objects.filter(uid=uid).exists()
    about = Entry.objects.filter(subject_type="submissions.still", subject_id=uid).order_by("number")
    assert [entry.tag for entry in about] == [Tag.STILL_RECEIVED, Tag.STILL_ERASED]
    assert about[0].actor_id == cast.loss_prevention.pk
    assert not [field for field in Entry._meta.get_fields() if field.is_relation]


def test_who_and_for_whom(cast: Cast) -> None:
    entry = record(Tag.EXPORTED, actor=cast.auditor, subject=cast.campaign, reason="s.62 request", rows=3)
    entry.refresh_from_db()
    assert (entry.actor_id, entry.organisation_id) == (cast.auditor.pk, cast.force.pk)
    assert "Audrey" not in entry.actor
    assert (entry.subject_type, entry.subject_id) == ("submissions.campaign", str(cast.campaign.uid))
    assert (entry.reason, entry.details) == ("s.62 request", {"rows": 3})
    assert abs((timezone.now() - entry.at).total_seconds()) < 60


json_values = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**70), 2**70)
    | some.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
    | some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text("abc é\n", max_size=5), inner),
    max_leaves=8,
)


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values)
def test_whatever_is_recorded_reads_back_as_it_was_signed(value: object) -> None:
    """A database may store a number in another form than JSON's; the chain must not call that a break."""
    with transaction.atomic():
        record(Tag.LOGGED_IN, actor=ACTOR, subject=("test", 1), value=value)
        assert verify().broken is None
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), "\0", "\ud800"])
def test_what_is_not_json_is_refused_rather_than_skipped(value: object) -> None:
    with pytest.raises((TypeError, ValueError, DatabaseError)), transaction.atomic():
        record(Tag.LOGGED_IN, actor=ACTOR, subject=("test", 1), value=value)
    assert verify().verified == 0


@pytest.mark.django_db
def test_numbers_as_keys_are_names() -> None:
    entry = record(Tag.LOGGED_IN, actor=ACTOR, subject=("test", 1), value={10: "a", 9: "b"})
    assert entry.previous == GENESIS
    assert verify().broken is None


def test_several_acts_are_as_many_entries_in_a_fixed_number_of_queries(cast: Cast) -> None:
    def queries(count: int) -> int:
        acts = [(("a.thing", str(number)), {"n": number}) for number in range(count)]
        with CaptureQueriesContext(connection) as captured:
            entries = record_each(Tag.STATUS_DISCLOSED, acts, actor=cast.loss_prevention)
        assert [entry.details for entry in entries] == [{"n": number} for number in range(count)]
        return len(captured)

    assert queries(2) == queries(40)
    assert record_each(Tag.STATUS_DISCLOSED, [], actor=cast.loss_prevention) == []
    assert verify().broken is None
