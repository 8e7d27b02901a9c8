"""After the reveal: a changed judgement, the officer's conclusion, and what it makes of the decision."""

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.gallery.queries import searchable_images
from portal.reviews.claims import claim_review, keep_lease
from portal.reviews.judging import save_blind
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.moves import Conflict, Invalid, move
from portal.reviews.queries import completed
from portal.reviews.states import SINGLE_REVIEW, DecisionState, Outcome, ReviewState, Stage, Verdict


@dataclass(frozen=True)
class Conclusion:
    """What an officer concludes for the offender."""

    outcome: Outcome
    rationale: str
    caveat_acknowledged: bool
    candidate_uid: UUID | None = None


@transaction.atomic
def change_judgement(review: Review, judgement_uid: UUID, verdict: Verdict, reason: str, *, by: User) -> None:
    """Judge otherwise after the reveal; the blind judgement and the reason are both kept."""
    if not reason.strip():
        raise Invalid("Say why your judgement changed after the reveal.")
    if verdict not in Verdict.values:
        raise Invalid("Choose one of the three judgements.")
    found = Review.objects.select_for_update(no_key=True).filter(
        pk=review.pk, state=ReviewState.REVEALED, reviewer=by
    )
    if found.first() is None:
        raise Conflict("This review is finished, or it went back to the queue.")
    judgement = review.judgements.filter(uid=judgement_uid).first()
    if judgement is None or judgement.verdict == verdict:
        raise Invalid("That already is your judgement of this candidate.")
    review.judgements.filter(pk=judgement.pk).update(after=verdict, after_reason=reason.strip()[:500])
    keep_lease(review)


@transaction.atomic
def complete_review(review: Review, conclusion: Conclusion, *, by: User) -> Decision:
    """Finish a review and move the decision on: to the second officer, the supervisor, or its end."""
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


def _check_conclusion(review: Review, conclusion: Conclusion) -> Judgement | None:
    if conclusion.outcome not in Outcome.values:
        raise Invalid("Choose an outcome.")
    if not conclusion.rationale.strip():
        raise Invalid("Give the reasons for your decision.")
    if not conclusion.caveat_acknowledged:
        raise Invalid("Confirm that you have read the caveat.")
    possible = [one for one in review.judgements.all() if one.verdict == Verdict.POSSIBLE]
    if conclusion.outcome == Outcome.NO_MATCH and possible:
        raise Invalid(
            "You judged a candidate a possible match: that is not “no match in the gallery”. "
            "Change that judgement first, or choose another outcome."
        )
    if conclusion.outcome != Outcome.IDENTIFIED:
        return None
    return _check_chosen(review, conclusion)


def _check_chosen(review: Review, conclusion: Conclusion) -> Judgement:
    rows = review.judgements.select_related("candidate")
    named = [row for row in rows if row.candidate and row.candidate.uid == conclusion.candidate_uid]
    if not named:
        raise Invalid("Choose the candidate whom you judge to be this person.")
    chosen = named[0]
    if not rows.filter(pk=chosen.pk, candidate__image__in=searchable_images()).exists():
        raise Invalid("This candidate's custody image may no longer be used.")
    if review.stage != Stage.ADJUDICATION and chosen.verdict != Verdict.POSSIBLE:
        raise Invalid("You did not judge this candidate a possible match.")
    if review.stage == Stage.ADJUDICATION and not _somebody_thought_possible(review, chosen):
        raise Invalid("Neither reviewer judged this candidate a possible match.")
    return chosen


def _somebody_thought_possible(review: Review, chosen: Judgement) -> bool:
    """Adjudication settles a disagreement: it does not make an identification of one person's alone."""
    earlier = Judgement.objects.filter(
        review__decision=review.decision_id,
        review__round=review.round,
        review__state=ReviewState.COMPLETE,
        subject_uid=chosen.subject_uid,
    )
    return any(one.verdict == Verdict.POSSIBLE for one in earlier)


def _advance(review: Review, by: User) -> None:
    decision = Decision.objects.select_for_update(no_key=True).get(pk=review.decision_id)
    review.decision = decision
    if review.stage == Stage.FIRST and review.outcome in SINGLE_REVIEW:
        _decide(decision, review, first_reviewer=by)
    elif review.stage == Stage.FIRST:
        move(decision, DecisionState.AWAITING_SECOND, first_reviewer=by)
    elif review.stage == Stage.ADJUDICATION:
        _decide(decision, review, adjudicator=by)
    elif _agree(review):
        _decide(decision, review, second_reviewer=by)
    else:
        move(decision, DecisionState.DISPUTED, second_reviewer=by)


def _agree(second: Review) -> bool:
    first = completed(second.decision, Stage.FIRST)
    return first is not None and (first.outcome, first.subject_uid) == (second.outcome, second.subject_uid)


def _decide(decision: Decision, review: Review, **people: User) -> None:
    try:
        with transaction.atomic():
            move(
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


# --- several at once ------------------------------------------------------------------------------
@transaction.atomic
def triage(decision: Decision, outcome: Outcome, rationale: str, *, by: User) -> Decision:
    """Decide on an offender none of whose stills could be searched: a whole first review in one step."""
    if outcome not in SINGLE_REVIEW:
        raise Invalid("Without a usable face the outcome is one of the two for unsuitable quality.")
    review = claim_review(decision, Stage.FIRST, by=by)
    if review.judgements.exists():
        raise Invalid("There are candidates for this offender: review them.")
    save_blind(review, by=by)
    return complete_review(review, Conclusion(outcome, rationale, caveat_acknowledged=True), by=by)
