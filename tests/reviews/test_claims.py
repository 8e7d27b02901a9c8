"""Taking, handing back, leases; what a review fixes when it is taken."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.roles import Role
from portal.audit.log import SystemActor
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.actions import request_deletion
from portal.retention.actions import erase_still
from portal.reviews import actions
from portal.reviews.actions import Conclusion, Conflict, Invalid, Judged
from portal.reviews.models import Decision, Review
from portal.reviews.queries import open_decisions, waiting_for
from portal.reviews.states import DecisionState, Outcome, ReviewState, Stage, Verdict
from portal.reviews.tasks import tidy
from portal.submissions.models import Still
from portal.work import quarantine
from tests.cast import (
    Cast,
    decision_on,
    make_gallery,
    make_offender,
    make_still,
    make_user,
    search_still,
    searched_offender,
)


@pytest.fixture
def decision(cast: Cast) -> Decision:
    make_gallery(cast.force, 3)
    return decision_on(searched_offender(cast.loss_prevention, cast.campaign))


def taken(decision: Decision, cast: Cast) -> Review:
    return actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)


def revealed(decision: Decision, cast: Cast) -> Review:
    review = taken(decision, cast)
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    actions.save_blind(review, by=cast.facial_reviewer)
    review.refresh_from_db()
    return review


def let_run_out(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_lease_that_ran_out_gives_the_offender_back(cast: Cast, decision: Decision) -> None:
    review = taken(decision, cast)
    assert actions.release_expired() == 0
    let_run_out(review)
    assert actions.release_expired() == 1
    with pytest.raises(Conflict, match="went back to the queue"):
        actions.save_judgement(review, 1, Judged(Verdict.POSSIBLE), by=cast.facial_reviewer)
    decision.refresh_from_db()
    actions.claim_review(decision, Stage.FIRST, by=cast.another_reviewer)
    entry = Entry.objects.get(tag=Tag.REVIEW_RELEASED)
    assert entry.actor == "system:lease"


def test_work_keeps_the_lease(cast: Cast, decision: Decision) -> None:
    review = taken(decision, cast)
    let_run_out(review)
    actions.save_judgement(review, 1, Judged(Verdict.POSSIBLE), by=cast.facial_reviewer)
    assert actions.release_expired() == 0


def test_who_takes_it_again_goes_on_where_they_were(cast: Cast, decision: Decision) -> None:
    review = taken(decision, cast)
    actions.save_judgement(review, 2, Judged(Verdict.POSSIBLE, confidence=4), by=cast.facial_reviewer)
    actions.release_review(review, by=cast.facial_reviewer)
    decision.refresh_from_db()
    again = taken(decision, cast)
    assert again.pk == review.pk
    assert again.judgements.get(position=2).confidence == 4


def test_a_reveal_cannot_be_undone_by_handing_back(cast: Cast, decision: Decision) -> None:
    review = revealed(decision, cast)
    actions.release_review(review, by=cast.facial_reviewer)
    decision.refresh_from_db()
    again = taken(decision, cast)
    assert again.state == ReviewState.REVEALED
    with pytest.raises(Conflict):
        actions.save_judgement(again, 1, Judged(Verdict.POSSIBLE), by=cast.facial_reviewer)


def test_who_saw_the_reveal_does_not_give_the_second_look(cast: Cast, decision: Decision) -> None:
    second = cast.second_reviewer
    review = actions.claim_review(decision, Stage.FIRST, by=second)
    actions.rule_out_the_rest(review, by=second)
    actions.save_blind(review, by=second)
    actions.release_review(review, by=second)
    decision.refresh_from_db()
    review = revealed(decision, cast)
    conclusion = Conclusion(Outcome.NO_MATCH, "reasons", caveat_acknowledged=True)
    actions.complete_review(review, conclusion, by=cast.facial_reviewer)
    decision.refresh_from_db()
    assert decision not in waiting_for(second, Stage.SECOND)
    with pytest.raises(Conflict, match="already seen the details"):
        actions.claim_review(decision, Stage.SECOND, by=second)
    other = make_user("sid", "Sid Vane", Role.SECOND_REVIEWER, cast.force)
    assert decision in waiting_for(other, Stage.SECOND)


def test_nobody_takes_another_forces_offender(cast: Cast, decision: Decision) -> None:
    with pytest.raises(Conflict, match="another force"):
        actions.claim_review(decision, Stage.FIRST, by=cast.foreign_officer)


def test_an_image_marked_for_deletion_is_not_compared_any_more(cast: Cast, decision: Decision) -> None:
    search = decision.offender.stills.get().searches.get()
    gone = search.candidates.select_related("image").get(rank=1)
    assert gone.image is not None
    request_deletion(gone.image, by=cast.gallery_manager, reason="asked for")
    review = taken(decision, cast)
    assert review.judgements.count() == 2
    assert gone.subject_uid not in review.judgements.values_list("subject_uid", flat=True)


def test_nobody_is_named_by_an_image_that_may_no_longer_be_used(cast: Cast, decision: Decision) -> None:
    review = taken(decision, cast)
    one: Any = review.judgements.select_related("candidate__image").get(candidate__rank=1)
    actions.save_judgement(review, one.position, Judged(Verdict.POSSIBLE), by=cast.facial_reviewer)
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    actions.save_blind(review, by=cast.facial_reviewer)
    request_deletion(one.candidate.image, by=cast.gallery_manager, reason="asked for")
    conclusion = Conclusion(Outcome.IDENTIFIED, "reasons", True, one.candidate.uid)
    with pytest.raises(Invalid, match="may no longer be used"):
        actions.complete_review(review, conclusion, by=cast.facial_reviewer)


def test_a_review_keeps_the_face_it_was_taken_with(cast: Cast, decision: Decision) -> None:
    review = taken(decision, cast)
    (probe,) = review.probes
    still = decision.offender.stills.get()
    still.faces.update(x=1, y=1)
    Still.objects.filter(pk=still.pk).update(chosen_face=None)
    review.refresh_from_db()
    assert review.probes == [probe]
    assert probe["sha256"] == still.original_sha256
    assert probe["box"]["w"] == 40


def test_an_erased_still_leaves_nothing_of_the_face_in_reviews(cast: Cast, decision: Decision) -> None:
    review = taken(decision, cast)
    still = decision.offender.stills.get()
    erase_still(still, by=SystemActor("test"), reason="retention")
    review.refresh_from_db()
    (probe,) = review.probes
    assert (probe["box"], probe["landmarks"], probe["quality"]) == (None, None, {})
    assert probe["sha256"] == still.original_sha256


def test_a_still_set_aside_does_not_hold_up_the_others(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    offender = make_offender(cast.loss_prevention, cast.campaign)
    search_still(make_still(offender))
    stuck = make_still(offender)
    assert open_decisions() == 0
    quarantine(Still, stuck.pk, "crashed three times")
    assert open_decisions() == 1


def test_the_blind_judgements_digest_is_in_the_log(cast: Cast, decision: Decision) -> None:
    review = revealed(decision, cast)
    entry = Entry.objects.get(tag=Tag.REVIEW_BLIND_SAVED)
    assert entry.details == {"judgements_sha256": review.blind_sha256}
    review.judgements.filter(position=1).update(blind=Verdict.POSSIBLE)
    assert actions.blind_digest(review) != review.blind_sha256


def test_no_match_does_not_go_with_a_possible_match(cast: Cast, decision: Decision) -> None:
    review = revealed(decision, cast)
    one = review.judgements.get(position=1)
    actions.change_judgement(review, one.uid, Verdict.POSSIBLE, "looked again", by=cast.facial_reviewer)
    conclusion = Conclusion(Outcome.NO_MATCH, "reasons", caveat_acknowledged=True)
    with pytest.raises(Invalid, match="possible match"):
        actions.complete_review(review, conclusion, by=cast.facial_reviewer)
    one.refresh_from_db()
    assert (one.blind, one.after, one.after_reason) == ("not", "possible", "looked again")


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, 1e9])
def test_a_senseless_viewing_time_is_refused(cast: Cast, decision: Decision, seconds: float) -> None:
    review = taken(decision, cast)
    judged = Judged(Verdict.POSSIBLE, seconds_viewed=seconds)
    with pytest.raises(Invalid, match="viewing time"):
        actions.save_judgement(review, 1, judged, by=cast.facial_reviewer)


def test_triage_is_for_those_without_candidates(cast: Cast, decision: Decision) -> None:
    with pytest.raises(Invalid, match="review them"):
        actions.triage(decision, Outcome.UNSUITABLE, "too dark", by=cast.facial_reviewer)
    decision.refresh_from_db()
    assert decision.state == DecisionState.AWAITING_FIRST
    offender = make_offender(cast.loss_prevention, cast.campaign)
    search_still(make_still(offender), found=[])
    faceless = decision_on(offender)
    with pytest.raises(Invalid, match="unsuitable quality"):
        actions.triage(faceless, Outcome.NO_MATCH, "too dark", by=cast.facial_reviewer)
    actions.triage(faceless, Outcome.UNSUITABLE, "too dark", by=cast.facial_reviewer)
    faceless.refresh_from_db()
    assert (faceless.state, faceless.outcome) == (DecisionState.DECIDED, Outcome.UNSUITABLE)


def test_tidying_fills_the_queue_and_takes_expired_reviews_back(cast: Cast, decision: Decision) -> None:
    let_run_out(taken(decision, cast))
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    tidy()
    decision.refresh_from_db()
    assert decision.state == DecisionState.AWAITING_FIRST
    assert Decision.objects.get(offender=offender).state == DecisionState.AWAITING_FIRST
