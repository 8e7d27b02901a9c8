"""A longer list on request: recorded, appended in an order of its own, the same for the second officer."""

import pytest

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.actions import request_deletion
from portal.reviews import actions
from portal.reviews.actions import Conclusion, Conflict, Invalid, Judged
from portal.reviews.models import Decision, Review
from portal.reviews.queries import latest_searches
from portal.reviews.states import Outcome, Stage, Verdict
from portal.searches.models import Occasion
from portal.searches.replay import replay
from portal.submissions.models import Campaign
from tests.cast import Cast, decision_on, make_custody_image, make_gallery, searched_offender

SIZE = 26


@pytest.fixture
def decision(cast: Cast) -> Decision:
    make_gallery(cast.force, SIZE)
    return decision_on(searched_offender(cast.loss_prevention, cast.campaign))


@pytest.fixture
def review(cast: Cast, decision: Decision) -> Review:
    return actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)


def lengthened(review: Review, cast: Cast, to: int = 50) -> int:
    return actions.lengthen_list(review, to, why="nobody similar yet", by=cast.facial_reviewer)


def test_more_are_appended_and_nothing_judged_is_lost(cast: Cast, review: Review) -> None:
    first_twenty = list(review.judgements.values_list("uid", flat=True))
    actions.save_judgement(review, 3, Judged(Verdict.POSSIBLE, confidence=4), by=cast.facial_reviewer)
    make_custody_image(cast.force, 1000, person=1)  # came later: not of this list
    assert lengthened(review, cast) == SIZE - 20
    rows = list(review.judgements.select_related("candidate"))
    assert [one.uid for one in rows[:20]] == first_twenty
    assert [one.position for one in rows] == list(range(1, SIZE + 1))
    assert sorted(one.candidate.rank for one in rows[20:] if one.candidate) == list(range(21, SIZE + 1))
    assert rows[2].confidence == 4
    review.refresh_from_db()
    (asked,) = review.list_requests
    assert (asked["from"], asked["to"], asked["why"], asked["added"]) == (20, 50, "nobody similar yet", 6)
    entry = Entry.objects.get(tag=Tag.LIST_LENGTHENED)
    assert (entry.actor_id, entry.reason) == (cast.facial_reviewer.pk, "nobody similar yet")


def test_the_longer_list_is_a_search_of_its_own_and_replays(cast: Cast, review: Review) -> None:
    base = latest_searches(review.decision.offender).get()
    lengthened(review, cast)
    longer = base.longer.get()
    assert (longer.occasion, longer.list_length) == (Occasion.LONGER_LIST, 50)
    assert longer.gallery_seq == base.gallery_seq
    assert longer.requested_by == cast.facial_reviewer
    assert replay(longer, by=cast.supervisor).identical
    assert latest_searches(review.decision.offender).get() == base


def test_the_second_officer_compares_the_same_people(cast: Cast, review: Review) -> None:
    lengthened(review, cast)
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    actions.save_blind(review, by=cast.facial_reviewer)
    conclusion = Conclusion(Outcome.NO_MATCH, "reasons", caveat_acknowledged=True)
    decision = actions.complete_review(review, conclusion, by=cast.facial_reviewer)
    second = actions.claim_review(decision, Stage.SECOND, by=cast.second_reviewer)
    subjects = [set(one.judgements.values_list("subject_uid", flat=True)) for one in (review, second)]
    assert subjects[0] == subjects[1]
    assert len(subjects[0]) == SIZE
    assert (second.list_length, second.list_requests) == (50, [])


def test_who_takes_it_again_keeps_the_longer_list(cast: Cast, review: Review) -> None:
    lengthened(review, cast)
    actions.release_review(review, by=cast.facial_reviewer)
    decision = Decision.objects.get(pk=review.decision_id)
    other = actions.claim_review(decision, Stage.FIRST, by=cast.another_reviewer)
    assert other.judgements.count() == 20
    actions.release_review(other, by=cast.another_reviewer)
    decision.refresh_from_db()
    assert actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer).judgements.count() == SIZE


def test_nobody_marked_for_deletion_is_added(cast: Cast, review: Review) -> None:
    known = set(review.judgements.values_list("subject_uid", flat=True))
    number = next(n for n in range(SIZE) if subject_of(cast, n + 1) not in known)
    image = cast.force.custody_subjects.get(reference=f"NM/{number + 1:06}").images.get()
    request_deletion(image, by=cast.gallery_manager, reason="asked for")
    assert lengthened(review, cast) == SIZE - 21


def subject_of(cast: Cast, number: int) -> object:
    return cast.force.custody_subjects.get(reference=f"NM/{number:06}").uid


@pytest.mark.parametrize(("to", "why"), [(20, "more"), (30, "more"), (500, "more"), (50, " ")])
def test_only_a_step_further_and_with_a_reason(cast: Cast, review: Review, to: int, why: str) -> None:
    with pytest.raises(Invalid):
        actions.lengthen_list(review, to, why=why, by=cast.facial_reviewer)


def test_not_somebody_elses_nor_after_the_blind_save(cast: Cast, review: Review) -> None:
    with pytest.raises(Conflict):
        actions.lengthen_list(review, 50, why="more", by=cast.another_reviewer)
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    actions.save_blind(review, by=cast.facial_reviewer)
    with pytest.raises(Conflict):
        lengthened(review, cast)


def test_an_exhausted_gallery_is_said(cast: Cast, review: Review) -> None:
    lengthened(review, cast)
    with pytest.raises(Invalid, match="nobody else"):
        lengthened(review, cast, 100)
    review.refresh_from_db()
    assert review.list_length == 50


def test_the_campaigns_own_length_counts(cast: Cast) -> None:
    Campaign.objects.update(list_length=3)
    make_gallery(cast.force, 5)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    review = actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    assert review.judgements.count() == 3
    assert lengthened(review, cast, 20) == 2
