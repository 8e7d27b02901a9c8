"""Nobody is identified without two agreeing, independent judgements, or an adjudication of a disagreement.

Random sequences of every action by people of every role, checked after each step against the database.
"""

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from portal import work
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.reviews import actions, again
from portal.reviews.actions import Conclusion, Conflict, Invalid, Judged
from portal.reviews.models import Decision, Judgement, Review, SearchAgain
from portal.reviews.queries import completed
from portal.reviews.states import (
    LIVE,
    MAY_TAKE,
    SINGLE_REVIEW,
    WAITING,
    DecisionState,
    Finding,
    Outcome,
    ReviewState,
    Stage,
    Verdict,
)
from portal.submissions.models import Campaign
from tests.cast import Cast, decision_on, make_gallery, make_user, searched_offender

people = st.integers(0, 9)


ACTS = (
    "claim", "judge", "rule out", "save", "change", "conclude", "release", "expire", "triage",
    "reopen", "ask", "answered", "lengthen",
)  # fmt: skip
HISTORIES = (
    (),
    (Outcome.IDENTIFIED,),
    (Outcome.IDENTIFIED, Outcome.NO_MATCH),
    (Outcome.NO_MATCH, Outcome.IDENTIFIED),
    (Outcome.NO_MATCH, Outcome.NO_MATCH, "reopen", Outcome.IDENTIFIED),
    (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE, "reopen", Outcome.IDENTIFIED, Outcome.NO_MATCH),
)
likely = st.sampled_from((Outcome.IDENTIFIED, Outcome.IDENTIFIED, Outcome.NO_MATCH, Outcome.INCONCLUSIVE))


def conclude(review: Review, by: User, outcome: Outcome, rank: int) -> None:
    """Conclude, naming the candidate of this rank."""
    chosen = review.judgements.filter(candidate__rank=rank).select_related("candidate").first()
    uid = chosen.candidate.uid if chosen and chosen.candidate else None
    actions.complete_review(review, Conclusion(outcome, "reasons", True, uid), by=by)


def finish(review: Review, outcome: Outcome, rank: int) -> None:
    """Judge what is open, save, conclude: as whoever holds the review."""
    by = review.reviewer
    if review.state == ReviewState.BLIND:
        for one in review.judgements.filter(candidate__rank=rank, blind=""):
            verdict = Verdict.POSSIBLE if outcome == Outcome.IDENTIFIED else Verdict.NOT_THIS_PERSON
            actions.save_judgement(review, one.position, Judged(verdict), by=by)
        actions.rule_out_the_rest(review, by=by)
        actions.save_blind(review, by=by)
    conclude(review, by, outcome, rank)


@dataclass(frozen=True)
class Step:
    """Something somebody tries."""

    act: str
    who: int
    place: int
    verdict: Verdict
    outcome: Outcome
    stage: Stage


steps = st.builds(
    Step,
    act=st.sampled_from(ACTS),
    who=people,
    place=st.integers(1, 3),
    verdict=st.sampled_from(Verdict),
    outcome=st.sampled_from(Outcome),
    stage=st.sampled_from(Stage),
)


def take(step: Step, decision: Decision, review: Review | None, by: User) -> None:
    """Try it, whoever it is and whatever state things are in."""
    if step.act == "claim":
        actions.claim_review(decision, step.stage, by=by)
    elif step.act == "triage":
        actions.triage(decision, step.outcome, "too dark", by=by)
    elif step.act == "reopen":
        actions.reopen_decision(decision, reason="a better still", by=by)
    elif step.act == "ask":
        actions.search_again(decision, reason="the gallery has grown", by=by)
    elif step.act == "answered":
        searched_again(decision)
    elif review is not None:
        take_in_review(step, review, by)


def take_in_review(step: Step, review: Review, by: User) -> None:
    """A step inside the newest review."""
    one = review.judgements.filter(position=step.place).first()
    if step.act == "judge":
        judged = Judged(step.verdict, {"nose": Finding.SIMILAR}, 3, 1.5)
        actions.save_judgement(review, step.place, judged, by=by)
    elif step.act == "rule out":
        actions.rule_out_the_rest(review, by=by)
    elif step.act == "save":
        actions.save_blind(review, by=by)
    elif step.act == "change" and one is not None:
        actions.change_judgement(review, one.uid, step.verdict, "looked again", by=by)
    elif step.act == "conclude":
        conclude(review, by, step.outcome, step.place)
    elif step.act == "release":
        actions.release_review(review, by=by)
    elif step.act == "lengthen":
        actions.lengthen_list(review, 20, why="nobody similar yet", by=by)
    elif step.act == "expire":
        Review.objects.filter(pk=review.pk).update(lease_until=timezone.now())
        actions.release_expired()


def searched_again(decision: Decision) -> None:
    """What the worker would do with the request, if there is one."""
    row = SearchAgain.objects.filter(decision=decision).first()
    held = work.claim(SearchAgain, row.pk) if row else None
    if held is not None:
        again.perform(held)


def claim_due(decision: Decision, crew: list[User], who: int) -> Review | None:
    """Take the decision at the step where it stands, as one of those who may."""
    stages = [stage for stage in Stage if WAITING[stage] == decision.state]
    able = [one for one in crew if stages and one.role in MAY_TAKE[stages[0]]]
    return actions.claim_review(decision, stages[0], by=able[who % len(able)]) if able else None


def lists_of(review: Review) -> set[int]:
    """The searches a review is about, longer or not."""
    return set(review.searches.filter(extends=None).values_list("pk", flat=True))


class Room(RuleBasedStateMachine):
    """One offender, ten people, three candidates; every sequence is rolled back at its end."""

    cast: Cast
    crew: list[User]
    decision: Decision
    ends: Counter[tuple[str, bool, bool]]

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.ended: dict[int, tuple[Any, ...]] = {}
        self.seen: dict[int, set[int]] = {}

    @initialize(history=st.sampled_from(HISTORIES))
    def begin(self, history: tuple[str, ...]) -> None:
        """Some sequences start after the first review, some after a disagreement, some in a second round."""
        for step in history:
            decision = Decision.objects.get(pk=self.decision.pk)
            if step == "reopen":
                actions.reopen_decision(decision, reason="a better still", by=self.cast.supervisor)
                continue
            review = claim_due(decision, self.crew, decision.round - 1)
            assert review is not None
            finish(review, Outcome(step), 1)
            self.nothing_revealed_before_the_blind_judgement()

    def teardown(self) -> None:
        decision = Decision.objects.get(pk=self.decision.pk)
        self.ends[decision.outcome, decision.adjudicator_id is not None, decision.round > 1] += 1
        transaction.savepoint_rollback(self.savepoint)

    def _review(self) -> Review | None:
        return self.decision.reviews.order_by("-pk").first()

    # --- any step, by anybody, in any state -------------------------------------------------------
    @rule(step=steps)
    def anybody(self, step: Step) -> None:
        with contextlib.suppress(Conflict, Invalid):
            take(step, Decision.objects.get(pk=self.decision.pk), self._review(), self.crew[step.who])

    # --- the step that is due, done well: so that the far end is reached often ---------------------
    @rule(who=people, outcome=likely, rank=st.integers(1, 2), agree=st.booleans())
    def due(self, who: int, outcome: Outcome, rank: int, agree: bool) -> None:
        decision, review = Decision.objects.get(pk=self.decision.pk), self._review()
        before = completed(decision, Stage.FIRST)
        if agree and before:
            outcome = Outcome(before.outcome)
            rank = before.candidate.rank if before.candidate else rank
        with contextlib.suppress(Conflict, Invalid):
            if review is None or review.state not in LIVE:
                review = claim_due(decision, self.crew, who)
            if review is not None:
                finish(review, outcome, rank)

    # --- what must hold after every step ----------------------------------------------------------
    @invariant()
    def identified_only_by_two(self) -> None:
        decision = Decision.objects.get(pk=self.decision.pk)
        if decision.outcome != Outcome.IDENTIFIED:
            return
        mine = decision.reviews.filter(state=ReviewState.COMPLETE, round=decision.round)
        done = {one.stage: one for one in mine}
        first, second = done[Stage.FIRST], done[Stage.SECOND]
        assert first.reviewer_id != second.reviewer_id
        views = [(one.outcome, one.subject_uid) for one in (first, second)]
        end = (Outcome.IDENTIFIED, decision.subject_uid)
        if Stage.ADJUDICATION not in done:
            assert views == [end, end]
            return
        third = done[Stage.ADJUDICATION]
        assert views[0] != views[1]
        assert third.reviewer_id not in (first.reviewer_id, second.reviewer_id)
        assert third.reviewer.role == Role.SUPERVISOR
        assert (third.outcome, third.subject_uid) == end
        both = Judgement.objects.filter(review__in=[first, second])
        assert decision.subject_uid in {one.subject_uid for one in both if one.verdict == Verdict.POSSIBLE}

    @invariant()
    def every_end_has_its_people_and_stays(self) -> None:
        decision = Decision.objects.get(pk=self.decision.pk)
        ends: dict[int, tuple[Any, ...]] = {
            one.number: (one.outcome, None) for one in decision.earlier_rounds.all()
        }
        if decision.state == DecisionState.DECIDED:
            ends[decision.round] = (decision.outcome, decision.subject_uid)
        assert self.ended.items() <= ends.items()
        assert Outcome.IDENTIFIED not in {one.outcome for one in decision.earlier_rounds.all()}
        self.ended = ends
        for number, (outcome, _) in ends.items():
            done = decision.reviews.filter(state=ReviewState.COMPLETE, round=number).count()
            assert done >= (1 if outcome in SINGLE_REVIEW else 2)

    @invariant()
    def one_at_a_time_and_only_who_may(self) -> None:
        reviews = list(Review.objects.filter(decision=self.decision).select_related("reviewer"))
        assert sum(one.state in LIVE for one in reviews) <= 1
        for one in reviews:
            assert one.reviewer.role in MAY_TAKE[Stage(one.stage)]
            assert one.reviewer.organisation_id == self.cast.force.pk

    @invariant()
    def nothing_revealed_before_the_blind_judgement(self) -> None:
        for review in Review.objects.filter(decision=self.decision).exclude(stage=Stage.ADJUDICATION):
            revealed = review.state in (ReviewState.REVEALED, ReviewState.COMPLETE)
            if revealed or review.blind_saved_at:
                assert not review.judgements.filter(blind="").exists()
                assert review.blind_sha256 == actions.blind_digest(review)
                self.seen.setdefault(review.reviewer_id, set()).update(lists_of(review))

    @invariant()
    def who_saw_the_reveal_of_a_list_never_judges_it_blind_again(self) -> None:
        for review in Review.objects.filter(decision=self.decision, state=ReviewState.BLIND):
            assert not lists_of(review) & self.seen.get(review.reviewer_id, set())


def test_no_path_identifies_alone(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    Room.cast, Room.ends = cast, Counter()
    Room.decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    Room.crew = [
        cast.facial_reviewer,
        cast.another_reviewer,
        cast.second_reviewer,
        make_user("sid", "Sid Vane", Role.SECOND_REVIEWER, cast.force),
        cast.supervisor,
        make_user("sal", "Sal Thorn", Role.SUPERVISOR, cast.force),
        cast.gallery_manager,
        cast.administrator,
        cast.foreign_officer,
        cast.loss_prevention,
    ]
    Campaign.objects.update(list_length=2)  # so that there is somebody to add
    thorough = settings(
        max_examples=40,
        stateful_step_count=14,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Room, settings=thorough)
    # The search has to have reached the ends it is about.
    for by_a_supervisor in (False, True):
        for reopened in (False, True):
            assert Room.ends[Outcome.IDENTIFIED, by_a_supervisor, reopened], Room.ends


@pytest.mark.parametrize("people", [(), ("first",), ("second",), ("first", "first")])
def test_the_database_itself_refuses_less_than_two(cast: Cast, people: tuple[str, ...]) -> None:
    make_gallery(cast.force, 1)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    fields: dict[str, Any] = {f"{name}_reviewer": cast.facial_reviewer for name in people}
    if len(people) == 2:
        fields = {"first_reviewer": cast.facial_reviewer, "second_reviewer": cast.facial_reviewer}
    with pytest.raises(IntegrityError, match="identified_takes_two_people"), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(
            state=DecisionState.DECIDED,
            outcome=Outcome.IDENTIFIED,
            decided_at=timezone.now(),
            subject_uid=decision.uid,
            **fields,
        )
