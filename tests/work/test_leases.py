"""The row is the truth: claimed by one, settled once, given back, set aside, sent again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from portal import work
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.models import Still
from portal.work import Claim, WorkState
from tests.cast import Cast, make_offender, make_still
from tests.work.race import at_once, messages_lost

PAST = timedelta(seconds=1)


@pytest.fixture
def still(cast: Cast) -> Still:
    """A still that waits for a worker."""
    return make_still(make_offender(cast.loss_prevention, cast.campaign))


def claimed(still: Still) -> Claim:
    """A claim that must succeed."""
    held = work.claim(Still, still.pk)
    assert held is not None
    return held


def expire(still: Still) -> None:
    """The worker that holds it has not been heard of for longer than a lease."""
    Still.objects.filter(pk=still.pk).update(work_lease_until=timezone.now() - PAST)


def long_silent(still: Still) -> None:
    """The last message about it is older than the sweeper's patience."""
    Still.objects.filter(pk=still.pk).update(work_sent_at=timezone.now() - timedelta(hours=1))


def row(still: Still) -> dict[str, Any]:
    """Everything stored of its work."""
    return {
        name: value for name, value in Still.objects.values().get(pk=still.pk).items() if name[:5] == "work_"
    }


def swept(answer: bool = True) -> list[int]:
    """Which rows the sweeper sent (or tried to)."""
    sent: list[int] = []

    def send(pk: int) -> bool:
        sent.append(pk)
        return answer

    work.sweep(Still, send)
    return sent


# --- claiming -------------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_claims(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    for _ in range(5):
        with messages_lost():
            still = make_still(offender)
        results = at_once([lambda pk=still.pk: work.claim(Still, pk)] * 8)  # type: ignore[misc]
        winners = [one for one in results if one is not None]
        assert len(winners) == 1, results
        assert isinstance(winners[0], Claim)
        assert (row(still)["work_state"], row(still)["work_attempts"]) == (WorkState.RUNNING, 1)
        assert row(still)["work_token"] == winners[0].token


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_takes_over_an_expired_lease(cast: Cast) -> None:
    with messages_lost():
        still = make_still(make_offender(cast.loss_prevention, cast.campaign))
    first = claimed(still)
    expire(still)
    winners = [one for one in at_once([lambda: work.claim(Still, still.pk)] * 8) if one is not None]
    assert len(winners) == 1
    assert isinstance(winners[0], Claim)
    assert winners[0].attempt == 2
    assert winners[0].token != first.token


@pytest.mark.parametrize("state", [WorkState.DONE, WorkState.REFUSED, WorkState.QUARANTINED])
def test_what_is_settled_cannot_be_claimed(still: Still, state: WorkState) -> None:
    work.settle(claimed(still), state)
    assert work.claim(Still, still.pk) is None


def test_a_row_that_is_gone_cannot_be_claimed(still: Still) -> None:
    still.delete()
    assert work.claim(Still, still.pk) is None


# --- settling -------------------------------------------------------------------------------------
def test_settled_once(still: Still) -> None:
    held = claimed(still)
    assert work.settle(held, detector="one") is True
    assert work.settle(held, detector="two") is False
    still.refresh_from_db()
    assert (still.work_state, still.detector, still.work_token) == (WorkState.DONE, "one", None)
    assert still.work_finished_at is not None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_result_from_two_processes_counts_once(cast: Cast) -> None:
    with messages_lost():
        held = claimed(make_still(make_offender(cast.loss_prevention, cast.campaign)))
    assert sorted(map(bool, at_once([lambda: work.settle(held)] * 4))) == [False, False, False, True]


def lost(still: Still) -> Claim:
    """A claim whose lease ran out and whose row another worker holds now."""
    held = claimed(still)
    expire(still)
    claimed(still)
    return held


ENDINGS: dict[str, Callable[[Claim], object]] = {
    "settle": lambda held: work.settle(held, detector="late"),
    "refuse": lambda held: work.settle(held, WorkState.REFUSED, error="late"),
    "give back": lambda held: work.give_back(held, "late"),
    "wait": lambda held: work.wait(held, "late"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_who_lost_the_lease_writes_nothing(still: Still, ending: str) -> None:
    held = lost(still)
    before = Still.objects.values().get(pk=still.pk)
    assert not ENDINGS[ending](held)
    assert Still.objects.values().get(pk=still.pk) == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_nor_on_the_last_attempt_after_the_row_began_anew(still: Still, ending: str) -> None:
    """A slow third attempt ends after an operator (or a declaration) sent the row round again."""
    for _ in range(2):
        work.give_back(claimed(still), "failed")
    held = claimed(still)
    assert held.attempt == 3
    Still.objects.filter(pk=still.pk).update(**work.requeued())
    before = Still.objects.values().get(pk=still.pk)
    assert not ENDINGS[ending](held)
    assert Still.objects.values().get(pk=still.pk) == before
    assert not Entry.objects.filter(tag=Tag.WORK_QUARANTINED).exists()


# --- failing --------------------------------------------------------------------------------------
def test_three_failures_set_it_aside_with_the_reason(still: Still) -> None:
    for attempt in (1, 2):
        work.give_back(claimed(still), f"failure {attempt}")
        stored = row(still)
        assert (stored["work_state"], stored["work_attempts"]) == (WorkState.QUEUED, attempt)
        assert (stored["work_error"], stored["work_token"]) == (f"failure {attempt}", None)
    work.give_back(claimed(still), "failure 3")
    stored = row(still)
    assert (stored["work_state"], stored["work_error"]) == (WorkState.QUARANTINED, "failure 3")
    assert work.claim(Still, still.pk) is None
    entry = Entry.objects.get(tag=Tag.WORK_QUARANTINED)
    assert (entry.subject_type, entry.subject_id) == ("submissions.still", str(still.uid))
    assert entry.reason == "failure 3"


def test_a_reason_longer_than_its_column_is_cut(still: Still) -> None:
    for _ in range(3):
        work.give_back(claimed(still), "x" * 5000)
    assert row(still)["work_error"] == "x" * 500


def test_a_worker_that_dies_three_times(still: Still) -> None:
    for _ in range(3):
        claimed(still)
        expire(still)
    assert work.claim(Still, still.pk) is None
    assert swept() == []
    stored = row(still)
    assert stored["work_state"] == WorkState.QUARANTINED
    assert stored["work_error"] == "the worker process died each time it tried"


def test_the_last_attempt_may_still_end_well_after_its_lease(still: Still) -> None:
    """Slow is not dead: until the sweeper came by, the result counts."""
    for _ in range(2):
        claimed(still)
        expire(still)
    held = claimed(still)
    expire(still)
    assert work.settle(held) is True
    assert swept() == []
    assert row(still)["work_state"] == WorkState.DONE


def test_waiting_for_an_operator_is_no_attempt(still: Still) -> None:
    for _ in range(10):
        work.wait(claimed(still), "no weights")
    stored = row(still)
    assert (stored["work_state"], stored["work_attempts"]) == (WorkState.QUEUED, 0)
    assert (stored["work_error"], stored["work_lease_until"]) == ("no weights", None)


def test_failures_before_a_wait_are_remembered(still: Still) -> None:
    work.give_back(claimed(still), "failed")
    work.wait(claimed(still), "no weights")
    assert row(still)["work_attempts"] == 1


def test_a_retry_begins_from_nothing(still: Still, cast: Cast) -> None:
    work.quarantine(Still, still.pk, "broken")
    assert work.retry(Still, still.pk, by=cast.administrator) is True
    stored = row(still)
    assert (stored["work_state"], stored["work_attempts"]) == (WorkState.QUEUED, 0)
    assert (stored["work_error"], stored["work_finished_at"]) == ("", None)
    assert claimed(still).attempt == 1
    entry = Entry.objects.get(tag=Tag.WORK_RETRIED)
    assert entry.actor_id == cast.administrator.pk


def test_only_what_was_set_aside_is_retried(still: Still, cast: Cast) -> None:
    assert work.retry(Still, still.pk, by=cast.administrator) is False
    work.settle(claimed(still))
    assert work.retry(Still, still.pk, by=cast.administrator) is False
    assert not Entry.objects.filter(tag=Tag.WORK_RETRIED).exists()


def test_what_is_settled_is_not_set_aside(still: Still) -> None:
    work.settle(claimed(still))
    assert work.quarantine(Still, still.pk, "late") is False
    assert row(still)["work_state"] == WorkState.DONE


# --- the sweeper ----------------------------------------------------------------------------------
def test_nothing_is_sent_while_all_is_well(still: Still) -> None:
    assert swept() == []
    claimed(still)
    assert swept() == []


def test_what_waited_too_long_is_sent_again_once(still: Still) -> None:
    long_silent(still)
    assert swept() == [still.pk]
    assert swept() == []


def test_an_expired_lease_is_sent_again(still: Still) -> None:
    claimed(still)
    expire(still)
    assert swept() == [still.pk]
    assert claimed(still).attempt == 2


def test_a_broker_that_is_away_is_asked_once_a_round(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    stills = [make_still(offender) for _ in range(3)]
    for one in stills:
        long_silent(one)
    assert swept(answer=False) == [stills[0].pk]
    assert swept() == [one.pk for one in stills]


def test_the_longest_wait_comes_first(cast: Cast) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    late, early = make_still(offender), make_still(offender)
    for one in (late, early):
        long_silent(one)
    Still.objects.filter(pk=early.pk).update(work_queued_at=timezone.now() - timedelta(hours=2))
    assert swept() == [early.pk, late.pk]


def test_a_claim_that_is_rolled_back_was_never_made(still: Still) -> None:
    with transaction.atomic():
        claimed(still)
        transaction.set_rollback(True)
    assert row(still)["work_attempts"] == 0
    assert claimed(still).attempt == 1


def test_every_state_can_be_left_only_as_declared(still: Still) -> None:
    assert set(work.MOVES) == set(WorkState)
    for state in (WorkState.DONE, WorkState.REFUSED, WorkState.QUARANTINED):
        assert work.MOVES[state] == {WorkState.QUEUED}
