"""Searching again: for new custody images, with a basis of its own; reopening only for a new face."""

import pytest

from portal import work
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.retention.actions import erase_custody_image
from portal.reviews import actions, again
from portal.reviews.actions import Conflict, Invalid
from portal.reviews.models import Decision, SearchAgain
from portal.reviews.states import DecisionState, Outcome, Stage
from portal.searches.models import Occasion, Search
from portal.searches.replay import replay
from portal.submissions.models import Campaign
from portal.work import WorkState
from tests.cast import (
    Cast,
    decide,
    decision_on,
    make_custody_image,
    make_gallery,
    searched_offender,
    unit_vector,
)

BASIS = "The gallery grows daily; Supt Example authorised searching the unidentified again, 9 November 2026"


@pytest.fixture
def decided(cast: Cast) -> Decision:
    """Searched as somebody the gallery does not hold yet, among three whom it does."""
    Campaign.objects.filter(pk=cast.campaign.pk).update(research_basis=BASIS)
    make_gallery(cast.force, 3)
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=9)
    return decide(offender, Outcome.NO_MATCH, cast)


def run() -> list[Search]:
    """What beat and a worker do: plan, then every row that waits."""
    again.plan()
    made = []
    for row in SearchAgain.objects.filter(work_state=WorkState.QUEUED):
        held = work.claim(SearchAgain, row.pk)
        assert held is not None
        made += again.perform(held)
    return made


def test_nothing_new_nothing_searched(cast: Cast, decided: Decision) -> None:
    assert run() == []
    assert not SearchAgain.objects.exists()


def test_a_new_face_in_the_list_reopens_the_decision(cast: Cast, decided: Decision) -> None:
    make_custody_image(cast.force, 9)
    (search,) = run()
    assert (search.occasion, search.basis) == (Occasion.NEW_CUSTODY_IMAGES, BASIS)
    assert search.requested_by is None
    decided.refresh_from_db()
    assert (decided.state, decided.round) == (DecisionState.AWAITING_FIRST, 2)
    before = decided.earlier_rounds.get()
    assert "new custody images" in before.reason
    assert before.reopened_by == "system:search-again"
    entry = Entry.objects.filter(tag=Tag.SEARCH_PERFORMED).latest("number")
    assert (entry.reason, entry.details["occasion"]) == (BASIS, Occasion.NEW_CUSTODY_IMAGES)
    review = actions.claim_review(decided, Stage.FIRST, by=cast.facial_reviewer)
    assert search in review.searches.all()
    assert replay(search, by=cast.supervisor).identical
    assert run() == []


def test_nobody_is_reopened_for_nothing(cast: Cast, decided: Decision) -> None:
    Campaign.objects.update(list_length=3)
    scores = {number: float(unit_vector(9) @ unit_vector(number)) for number in range(1, 100)}
    listed = min(scores[number] for number in (1, 2, 3))
    unlike = next(number for number in range(10, 100) if scores[number] < listed)
    make_custody_image(cast.force, unlike)
    assert len(run()) == 1
    decided.refresh_from_db()
    assert (decided.state, decided.round) == (DecisionState.DECIDED, 1)
    assert run() == []


def test_without_a_basis_nothing_is_done(cast: Cast, decided: Decision) -> None:
    Campaign.objects.update(research_basis="")
    make_custody_image(cast.force, 9)
    assert run() == []


@pytest.mark.parametrize("outcome", [Outcome.IDENTIFIED, Outcome.UNSUITABLE])
def test_only_the_unidentified_are_searched_again(cast: Cast, outcome: Outcome) -> None:
    Campaign.objects.update(research_basis=BASIS)
    make_gallery(cast.force, 3)
    decide(searched_offender(cast.loss_prevention, cast.campaign), outcome, cast)
    make_custody_image(cast.force, 9)
    assert run() == []


def test_another_forces_images_are_no_reason(cast: Cast, decided: Decision) -> None:
    make_custody_image(cast.other_force, 9)
    assert run() == []


def test_who_waits_gets_the_new_list_and_who_is_with_an_officer_keeps_theirs(cast: Cast) -> None:
    Campaign.objects.update(research_basis=BASIS)
    make_gallery(cast.force, 2)
    waiting, taken = (
        decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=9)) for _ in range(2)
    )
    make_custody_image(cast.force, 9)
    again.plan()
    review = actions.claim_review(taken, Stage.FIRST, by=cast.facial_reviewer)
    (search,) = run()
    assert search.still is not None
    assert search.still.offender == waiting.offender
    assert review.judgements.count() == 2
    taken_now = actions.claim_review(waiting, Stage.FIRST, by=cast.another_reviewer)
    assert taken_now.judgements.count() == 3
    assert not again.due_decisions(cast.force).exists()
    actions.release_review(review, by=cast.facial_reviewer)
    assert again.due_decisions(cast.force).get() == taken


def test_small_batches_go_on_where_they_were(
    cast: Cast, decided: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "BATCH", 1)
    decide(searched_offender(cast.loss_prevention, cast.campaign, person=8), Outcome.INCONCLUSIVE, cast)
    make_custody_image(cast.force, 9)
    assert [len(run()) for _ in range(3)] == [1, 1, 0]


def test_a_lost_lease_leaves_nothing_behind(cast: Cast, decided: Decision) -> None:
    make_custody_image(cast.force, 9)
    again.plan()
    row = SearchAgain.objects.get()
    first = work.claim(SearchAgain, row.pk)
    assert first is not None
    work.give_back(first, "killed")
    second = work.claim(SearchAgain, row.pk)
    assert second is not None
    assert len(again.perform(second)) == 1
    assert again.perform(first) == []
    decided.refresh_from_db()
    assert decided.round == 2


def test_an_officer_asks(cast: Cast, decided: Decision) -> None:
    Campaign.objects.update(research_basis="")
    with pytest.raises(Invalid, match="Say why"):
        actions.search_again(decided, reason="", by=cast.supervisor)
    image = make_custody_image(cast.force, 9)
    actions.search_again(decided, reason="arrested last night", by=cast.supervisor)
    with pytest.raises(Conflict, match="already"):
        actions.search_again(decided, reason="arrested last night", by=cast.supervisor)
    erase_custody_image(image, by=cast.gallery_manager, reason="asked for")
    (search,) = run()
    assert (search.occasion, search.basis) == (Occasion.OFFICER_ASKED, "arrested last night")
    assert search.requested_by == cast.supervisor
    decided.refresh_from_db()
    assert decided.state == DecisionState.DECIDED  # who was erased brings nobody back
