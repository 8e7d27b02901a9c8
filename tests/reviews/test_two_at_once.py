"""Two officers at the same moment, on real PostgreSQL: exactly one wins, the other is told."""

import threading
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from django.db import connection, connections

from portal.accounts.models import User
from portal.reviews import actions
from portal.reviews.actions import Conclusion, Conflict, Invalid, Judged
from portal.reviews.models import Decision, Review
from portal.reviews.moves import TAKEN
from portal.reviews.states import DecisionState, Outcome, ReviewState, Stage, Verdict
from tests.cast import Cast, decision_on, make_gallery, searched_offender

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ROUNDS = 3


def at_once(acts: Sequence[Callable[[], object]]) -> list[str]:
    """Run each in a thread of its own from one starting gun; "done" or the message each was given."""
    gun, said = threading.Barrier(len(acts)), [""] * len(acts)

    def run(number: int) -> None:
        gun.wait()
        try:
            acts[number]()
            said[number] = "done"
        except (Conflict, Invalid) as error:
            said[number] = str(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return said


def ready(cast: Cast) -> Decision:
    return decision_on(searched_offender(cast.loss_prevention, cast.campaign))


def revealed(cast: Cast) -> Review:
    review = actions.claim_review(ready(cast), Stage.FIRST, by=cast.facial_reviewer)
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    actions.save_blind(review, by=cast.facial_reviewer)
    return review


def test_it_is_postgresql() -> None:
    assert connection.vendor == "postgresql"


def test_many_claim_one_wins(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    crew = [cast.facial_reviewer, cast.another_reviewer, cast.second_reviewer, cast.facial_reviewer]
    for _ in range(ROUNDS):
        decision = ready(cast)
        said = at_once([partial(claim, decision.pk, by) for by in crew])
        assert said.count("done") == 1
        assert set(said) - {"done"} == {TAKEN}
        assert decision.reviews.get().judgements.count() == 2


def claim(decision_id: int, by: User) -> None:
    actions.claim_review(Decision.objects.get(pk=decision_id), Stage.FIRST, by=by)


def conclude(review_id: int, outcome: Outcome, by: User) -> None:
    conclusion = Conclusion(outcome, "reasons", caveat_acknowledged=True)
    actions.complete_review(Review.objects.get(pk=review_id), conclusion, by=by)


def hand_back(review_id: int, by: User) -> None:
    actions.release_review(Review.objects.get(pk=review_id), by=by)


def test_a_conclusion_sent_twice_counts_once(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    ends = [Outcome.NO_MATCH, Outcome.UNSUITABLE, Outcome.INCONCLUSIVE]
    for _ in range(ROUNDS):
        review = revealed(cast)
        said = at_once([partial(conclude, review.pk, end, cast.facial_reviewer) for end in ends])
        assert said.count("done") == 1
        review.refresh_from_db()
        assert review.outcome == ends[said.index("done")]


def test_conclude_or_hand_back_never_both(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    by = cast.facial_reviewer
    for _ in range(ROUNDS):
        review = revealed(cast)
        said = at_once(
            [partial(conclude, review.pk, Outcome.NO_MATCH, by), partial(hand_back, review.pk, by)]
        )
        assert said.count("done") == 1
        review.refresh_from_db()
        stands = (review.state, review.decision.state)
        if said[0] == "done":
            assert stands == (ReviewState.COMPLETE, DecisionState.AWAITING_SECOND)
        else:
            assert stands == (ReviewState.RELEASED, DecisionState.AWAITING_FIRST)


def test_nothing_slips_in_behind_the_blind_save(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    by = cast.facial_reviewer
    for _ in range(ROUNDS):
        review = actions.claim_review(ready(cast), Stage.FIRST, by=by)
        actions.rule_out_the_rest(review, by=by)
        late = [Judged(Verdict.POSSIBLE), Judged(Verdict.CANNOT_TELL)]
        acts = [partial(actions.save_judgement, review, 1 + n, one, by=by) for n, one in enumerate(late)]
        at_once([partial(actions.save_blind, review, by=by), *acts])
        review.refresh_from_db()
        assert review.state == ReviewState.REVEALED
        assert actions.blind_digest(review) == review.blind_sha256
