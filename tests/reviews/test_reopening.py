"""A decision taken back to the queue: a new round, the earlier one readable, nobody barred for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.audit.log import SystemActor
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.retention.actions import erase_still
from portal.retention.queries import stills_due
from portal.reviews import actions
from portal.reviews.actions import Conflict, Invalid
from portal.reviews.models import Decision
from portal.reviews.queries import readable_records, waiting_for
from portal.reviews.states import DecisionState, Outcome, Stage
from portal.reviews.status import statuses_of
from portal.submissions.models import Still
from tests.cast import (
    Cast,
    decide,
    make_gallery,
    make_still,
    review_as,
    search_still,
    searched_offender,
)

STAGES = (Stage.FIRST, Stage.SECOND)


@pytest.fixture
def decided(cast: Cast) -> Decision:
    make_gallery(cast.force, 3)
    return decide(searched_offender(cast.loss_prevention, cast.campaign), Outcome.NO_MATCH, cast)


def reopened(decision: Decision, cast: Cast) -> Decision:
    return actions.reopen_decision(decision, reason="a better still came", by=cast.supervisor)


def another_still(decision: Decision) -> None:
    search_still(make_still(decision.offender), person=1)


def test_the_earlier_round_stays_in_the_record(cast: Cast, decided: Decision) -> None:
    before = reopened(decided, cast).earlier_rounds.get()
    assert (before.number, before.outcome, before.reason) == (1, Outcome.NO_MATCH, "a better still came")
    assert (before.first_reviewer, before.second_reviewer) == (cast.facial_reviewer, cast.second_reviewer)
    assert before.reopened_by == cast.supervisor.audit_name
    decided.refresh_from_db()
    assert (decided.state, decided.round, decided.outcome) == (DecisionState.AWAITING_FIRST, 2, "")
    assert (decided.first_reviewer, decided.decided_at) == (None, None)
    assert [one.round for one in decided.reviews.all()] == [1, 1]
    entry = Entry.objects.get(tag=Tag.DECISION_REOPENED)
    assert (entry.reason, entry.details) == ("a better still came", {"round": 2})


def test_nobody_identified_is_reopened(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decide(offender, Outcome.IDENTIFIED, cast)
    with pytest.raises(Conflict, match="did not identify"):
        reopened(decision, cast)


def test_not_twice_and_not_without_a_reason(cast: Cast, decided: Decision) -> None:
    with pytest.raises(Invalid, match="Say why"):
        actions.reopen_decision(decided, reason=" ", by=cast.supervisor)
    reopened(decided, cast)
    with pytest.raises(Conflict):
        reopened(decided, cast)


def test_not_without_a_still_to_compare(cast: Cast, decided: Decision) -> None:
    erase_still(decided.offender.stills.get(), by=SystemActor("test"), reason="retention")
    with pytest.raises(Invalid, match="no longer held"):
        reopened(decided, cast)


def test_who_saw_the_reveal_of_the_same_list_is_not_blind_to_it(cast: Cast, decided: Decision) -> None:
    again = reopened(decided, cast)
    for person in (cast.facial_reviewer, cast.second_reviewer):
        assert again not in waiting_for(person, Stage.FIRST)
        with pytest.raises(Conflict, match="already seen the details"):
            actions.claim_review(again, Stage.FIRST, by=person)
    assert again in waiting_for(cast.another_reviewer, Stage.FIRST)


def test_a_new_list_is_open_to_everybody_again(cast: Cast, decided: Decision) -> None:
    again = reopened(decided, cast)
    another_still(decided)
    assert again in waiting_for(cast.facial_reviewer, Stage.FIRST)
    review = review_as(again, Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    assert (review.round, review.searches.count()) == (2, 2)
    assert again not in waiting_for(cast.facial_reviewer, Stage.SECOND)
    again.refresh_from_db()
    assert again in waiting_for(cast.second_reviewer, Stage.SECOND)
    review_as(again, Stage.SECOND, cast.second_reviewer, Outcome.IDENTIFIED)
    again.refresh_from_db()
    assert (again.outcome, again.round) == (Outcome.IDENTIFIED, 2)


def test_a_view_of_the_earlier_round_claims_nothing_in_the_new_one(cast: Cast, decided: Decision) -> None:
    stale = Decision.objects.get(pk=reopened(decided, cast).pk)
    another_still(decided)
    for stage, by in zip(STAGES, (cast.facial_reviewer, cast.second_reviewer), strict=True):
        review_as(decided, stage, by, Outcome.NO_MATCH)
    decided.refresh_from_db()
    reopened(decided, cast)
    with pytest.raises(Conflict):
        actions.claim_review(stale, Stage.FIRST, by=cast.another_reviewer)


def test_whoever_took_part_reads_the_record_once_it_is_decided_again(cast: Cast, decided: Decision) -> None:
    assert decided in readable_records(cast.facial_reviewer)
    reopened(decided, cast)
    assert decided not in readable_records(cast.facial_reviewer)
    assert decided in readable_records(cast.supervisor)
    another_still(decided)
    for stage, by in zip(STAGES, (cast.another_reviewer, cast.second_reviewer), strict=True):
        review_as(decided, stage, by, Outcome.NO_MATCH)
    assert decided in readable_records(cast.facial_reviewer)


def test_the_retailer_reads_that_it_is_looked_at_again(cast: Cast, decided: Decision) -> None:
    reopened(decided, cast)
    status = statuses_of([decided.offender])[decided.offender_id]
    assert (status.code, status.label) == ("looked_at_again", "Being looked at again")
    assert status.decided_at is None


def test_a_reopened_decision_keeps_its_stills_for_another_period(cast: Cast, decided: Decision) -> None:
    long_ago = timezone.now() - timedelta(days=cast.campaign.retention_days + 1)
    Still.objects.filter(offender=decided.offender).update(added_at=long_ago)
    reopened(decided, cast)
    assert not stills_due().exists()
    Decision.objects.filter(pk=decided.pk).update(reopened_at=long_ago)
    assert stills_due().count() == 1
