"""The only writer of decisions, reviews and judgements.

Every step is a conditional update that must change exactly one row, with its audit entry in the
same transaction. Whoever comes second is told (Conflict), never overwritten.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.queries import candidates_of, latest_searches
from portal.reviews.states import (
    DECISION_MOVES,
    FEATURES,
    LIVE,
    MAY_TAKE,
    OPEN,
    SINGLE_REVIEW,
    WAITING,
    DecisionState,
    Finding,
    Outcome,
    ReviewState,
    Stage,
    Verdict,
)
from portal.submissions.models import LAWFUL

LEASE = timedelta(minutes=30)


class Conflict(Exception):
    """Somebody else was quicker, or the review is no longer at this step. The message is for the officer."""


class Invalid(Exception):
    """Something is missing or contradicts itself; the message says what to put right."""


@dataclass(frozen=True)
class Judged:
    """What an officer entered for one candidate."""

    verdict: Verdict
    features: Mapping[str, str] = field(default_factory=dict)
    confidence: int | None = None
    seconds_viewed: float = 0.0


@dataclass(frozen=True)
class Conclusion:
    """What an officer concludes for the offender."""

    outcome: Outcome
    rationale: str
    caveat_acknowledged: bool
    candidate_uid: UUID | None = None
    changes: Mapping[UUID, tuple[Verdict, str]] = field(default_factory=dict)  # judgement → verdict, reason


def _move(decision: Decision, to: DecisionState, **fields: Any) -> None:
    origin = DecisionState(decision.state)
    if to not in DECISION_MOVES[origin]:
        raise Conflict("This offender is no longer at this step.")
    now = timezone.now()
    moved = Decision.objects.filter(pk=decision.pk, state=origin).update(state=to, entered_at=now, **fields)
    if moved != 1:
        raise Conflict("Somebody else has just taken this offender. Choose the next one.")
    decision.refresh_from_db()


# --- taking and handing back ----------------------------------------------------------------------
@transaction.atomic
def claim_review(decision: Decision, stage: Stage, *, by: User) -> Review:
    """Take a decision for one stage; Conflict where somebody has it or it is not for this officer."""
    if by.role not in MAY_TAKE[stage]:
        raise Conflict("Your role does not do this kind of review.")
    if stage != Stage.FIRST and by.pk in (decision.first_reviewer_id, decision.second_reviewer_id):
        raise Conflict("You have already reviewed this offender: it needs somebody else.")
    if decision.state != WAITING[stage]:
        raise Conflict("Somebody else has just taken this offender. Choose the next one.")
    _move(decision, OPEN[stage])
    review = _new_review(decision, stage, by)
    record(Tag.REVIEW_CLAIMED, actor=by, subject=review, stage=stage, decision=str(decision.uid))
    return review


def _new_review(decision: Decision, stage: Stage, by: User) -> Review:
    campaign = decision.offender.submission.campaign
    review = Review.objects.create(
        decision=decision,
        stage=stage,
        state=ReviewState.REVEALED if stage == Stage.ADJUDICATION else ReviewState.BLIND,
        reviewer=by,
        role=by.role,
        lease_until=timezone.now() + LEASE,
        grounds={name: getattr(campaign, name) for name in LAWFUL},
        list_length=campaign.list_length,
    )
    earlier = decision.reviews.filter(stage=Stage.FIRST).exclude(state=ReviewState.RELEASED).first()
    first = earlier if stage != Stage.FIRST else None
    searches = list(first.searches.all() if first else latest_searches(decision.offender))
    review.searches.set(searches)
    candidates = candidates_of(searches, campaign.list_length)
    secrets.SystemRandom().shuffle(candidates)  # each officer's own order says nothing about rank
    Judgement.objects.bulk_create(
        Judgement(review=review, candidate=one, subject_uid=one.subject_uid, position=position)
        for position, one in enumerate(candidates, start=1)
    )
    return review


@transaction.atomic
def release_review(review: Review, *, by: Actor) -> None:
    """Hand a review back unfinished; what was entered stays in the record."""
    if Review.objects.filter(pk=review.pk, state__in=LIVE).update(state=ReviewState.RELEASED) != 1:
        raise Conflict("This review is already finished.")
    _move(review.decision, WAITING[Stage(review.stage)])
    record(Tag.REVIEW_RELEASED, actor=by, subject=review)


def release_expired() -> int:
    """Hand back every review whose officer has been away longer than the lease."""
    expired = Review.objects.filter(state__in=LIVE, lease_until__lt=timezone.now()).select_related("decision")
    for review in expired:
        release_review(review, by=SystemActor("lease"))
    return len(expired)


def keep_lease(review: Review) -> None:
    """The officer is still at it."""
    Review.objects.filter(pk=review.pk, state__in=LIVE).update(lease_until=timezone.now() + LEASE)


# --- blind, reveal, conclude ----------------------------------------------------------------------
def _checked(judged: Judged) -> Judged:
    unknown = set(judged.features) - set(FEATURES) or set(judged.features.values()) - set(Finding.values)
    if unknown:
        raise Invalid("A compared feature is not one of the list.")
    if judged.confidence is not None and not 1 <= judged.confidence <= 5:
        raise Invalid("Confidence goes from 1 to 5.")
    return judged


@transaction.atomic
def save_judgement(review: Review, position: int, judged: Judged, *, by: User) -> None:
    """Store one blind judgement; it can be changed until all are saved."""
    _checked(judged)
    rows = Judgement.objects.filter(
        review=review, review__state=ReviewState.BLIND, review__reviewer=by, position=position
    )
    changed = rows.update(
        blind=judged.verdict,
        features=dict(judged.features),
        confidence=judged.confidence,
        seconds_viewed=round(judged.seconds_viewed, 1),
    )
    if changed != 1:
        raise Conflict("The blind judgement is already saved and cannot be changed.")
    keep_lease(review)


@transaction.atomic
def save_blind(review: Review, *, by: User, view_edits: Sequence[Mapping[str, Any]] = ()) -> None:
    """End the blind stage: every candidate must have a judgement. Only now may anything be revealed."""
    open_ones = review.judgements.filter(blind="").count()
    if open_ones:
        raise Invalid(f"{open_ones} candidates have no judgement yet.")
    changed = Review.objects.filter(pk=review.pk, state=ReviewState.BLIND, reviewer=by).update(
        state=ReviewState.REVEALED,
        blind_saved_at=timezone.now(),
        view_edits=[dict(edit) for edit in view_edits],
        lease_until=timezone.now() + LEASE,
    )
    if changed != 1:
        raise Conflict("The blind judgement is already saved.")
    record(Tag.REVIEW_BLIND_SAVED, actor=by, subject=review)


@transaction.atomic
def complete_review(review: Review, conclusion: Conclusion, *, by: User) -> Decision:
    """Finish a review and move the decision on: to the second officer, the supervisor, or its end."""
    _change_judgements(review, conclusion)
    chosen = _check_conclusion(review, conclusion)
    completed = Review.objects.filter(pk=review.pk, state=ReviewState.REVEALED, reviewer=by).update(
        state=ReviewState.COMPLETE,
        completed_at=timezone.now(),
        outcome=conclusion.outcome,
        candidate=chosen.candidate if chosen else None,
        subject_uid=chosen.subject_uid if chosen else None,
        rationale=conclusion.rationale.strip(),
        caveat_acknowledged=True,
    )
    if completed != 1:
        raise Conflict("This review is already finished, or its blind judgement is not saved yet.")
    review.refresh_from_db()
    _advance(review, by)
    record(Tag.REVIEW_COMPLETED, actor=by, subject=review, stage=review.stage, outcome=review.outcome)
    _record_end(review.decision, by)
    return review.decision


def _change_judgements(review: Review, conclusion: Conclusion) -> None:
    for uid, (verdict, reason) in conclusion.changes.items():
        if not reason.strip():
            raise Invalid("Say why a judgement changed after the reveal.")
        rows = review.judgements.filter(uid=uid).exclude(blind=verdict)
        rows.update(after=verdict, after_reason=reason.strip()[:500])


def _check_conclusion(review: Review, conclusion: Conclusion) -> Judgement | None:
    if not conclusion.rationale.strip():
        raise Invalid("Give the reasons for your decision.")
    if not conclusion.caveat_acknowledged:
        raise Invalid("Confirm that you have read the caveat.")
    if conclusion.outcome != Outcome.IDENTIFIED:
        return None
    chosen = review.judgements.filter(candidate__uid=conclusion.candidate_uid).first()
    if chosen is None:
        raise Invalid("Choose the candidate whom you judge to be this person.")
    if review.stage != Stage.ADJUDICATION and chosen.verdict != Verdict.POSSIBLE:
        raise Invalid("You did not judge this candidate a possible match.")
    return chosen


def _advance(review: Review, by: User) -> None:
    decision = Decision.objects.select_for_update().get(pk=review.decision_id)
    review.decision = decision
    if review.stage == Stage.FIRST and review.outcome in SINGLE_REVIEW:
        _decide(decision, review, first_reviewer=by)
    elif review.stage == Stage.FIRST:
        _move(decision, DecisionState.AWAITING_SECOND, first_reviewer=by)
    elif review.stage == Stage.ADJUDICATION:
        _decide(decision, review, adjudicator=by)
    elif _agree(review):
        _decide(decision, review, second_reviewer=by)
    else:
        _move(decision, DecisionState.DISPUTED, second_reviewer=by)


def _agree(second: Review) -> bool:
    first = Review.objects.get(decision=second.decision, stage=Stage.FIRST, state=ReviewState.COMPLETE)
    return (first.outcome, first.subject_uid) == (second.outcome, second.subject_uid)


def _decide(decision: Decision, review: Review, **people: User) -> None:
    try:
        with transaction.atomic():
            _move(
                decision,
                DecisionState.DECIDED,
                outcome=review.outcome,
                candidate=review.candidate,
                subject_uid=review.subject_uid,
                decided_at=timezone.now(),
                **people,
            )
    except IntegrityError as error:
        raise Conflict("This outcome needs two people who agree.") from error


def _record_end(decision: Decision, by: User) -> None:
    if decision.state == DecisionState.DECIDED:
        tag = Tag.DECISION_ADJUDICATED if decision.adjudicator_id else Tag.DECISION_MADE
        record(tag, actor=by, subject=decision, outcome=decision.outcome)
