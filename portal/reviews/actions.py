"""The only writer of decisions, reviews and judgements.

Every step is a conditional update that must change exactly one row, with its audit entry in the
same transaction. Whoever comes second is told (Conflict), never overwritten.
"""

import hashlib
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import ExpressionWrapper
from django.db.models.functions import Now
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.gallery.queries import searchable_images
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.queries import BUSY, candidates_of, latest_searches
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
from portal.searches.models import Search
from portal.submissions.models import LAWFUL, Offender, Still

LEASE = timedelta(minutes=30)
LONGEST_VIEW = 24 * 3600.0  # seconds; a browser's clock is not to be believed further
MAX_EDITS = 5000  # view edits kept of one review
TAKEN = "Somebody else has just taken this offender. Choose the next one."


class Conflict(Exception):
    """Somebody else was quicker, or the review is no longer at this step. The message is for the officer."""


class Invalid(Exception):
    """Something is missing or contradicts itself; the message says what to put right."""


@dataclass(frozen=True)
class Judged:
    """What an officer entered for one candidate. Confidence 1 (low) to 5 (high); seconds on screen."""

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


def _lease_end() -> ExpressionWrapper:
    # The database's clock: web processes on several machines agree on when a lease ran out.
    return ExpressionWrapper(Now() + LEASE, output_field=models.DateTimeField())


def _move(decision: Decision, to: DecisionState, **fields: Any) -> None:
    origin = DecisionState(decision.state)
    if to not in DECISION_MOVES[origin]:
        raise Conflict("This offender is no longer at this step.")
    now = timezone.now()
    moved = Decision.objects.filter(pk=decision.pk, state=origin).update(state=to, entered_at=now, **fields)
    if moved != 1:
        raise Conflict(TAKEN)
    decision.refresh_from_db()


# --- taking and handing back ----------------------------------------------------------------------
@transaction.atomic
def claim_review(decision: Decision, stage: Stage, *, by: User) -> Review:
    """Take a decision for one stage; Conflict where somebody has it or it is not for this officer.

    Who takes again what they handed back goes on where they were: whoever has seen the reveal cannot
    start another blind look.
    """
    _check_may_take(decision, stage, by)
    _move(decision, OPEN[stage])
    searches = _searches_for(decision, stage)
    review = _resumed(decision, stage, searches, by) or _new_review(decision, stage, searches, by)
    record(Tag.REVIEW_CLAIMED, actor=by, subject=review, stage=stage, decision=str(decision.uid))
    return review


def _check_may_take(decision: Decision, stage: Stage, by: User) -> None:
    if by.role not in MAY_TAKE[stage]:
        raise Conflict("Your role does not do this kind of review.")
    if by.organisation_id != decision.offender.submission.campaign.force_id:
        raise Conflict("This offender belongs to another force.")
    if stage != Stage.FIRST and by.pk in (decision.first_reviewer_id, decision.second_reviewer_id):
        raise Conflict("You have already reviewed this offender: it needs somebody else.")
    if decision.state != WAITING[stage]:
        raise Conflict(TAKEN)
    if stage == Stage.ADJUDICATION:
        return
    if decision.reviews.filter(reviewer=by, blind_saved_at__isnull=False).exclude(stage=stage).exists():
        raise Conflict("You have already seen the details of this list: it needs somebody else.")
    if stage == Stage.FIRST and decision.offender.stills.filter(work_state__in=BUSY).exists():
        raise Conflict("A still of this offender is being checked again. Choose the next one.")


def _searches_for(decision: Decision, stage: Stage) -> list[Search]:
    """The lists to compare: for everybody after the first officer the very same ones."""
    first = decision.reviews.filter(stage=Stage.FIRST, state=ReviewState.COMPLETE).first()
    if stage == Stage.FIRST or first is None:
        return list(latest_searches(decision.offender))
    return list(first.searches.all())


def _resumed(decision: Decision, stage: Stage, searches: Sequence[Search], by: User) -> Review | None:
    mine = decision.reviews.filter(reviewer=by, stage=stage, state=ReviewState.RELEASED)
    review = mine.order_by("-pk").first()
    if review is None:
        return None
    if set(review.searches.all()) != set(searches):
        if review.blind_saved_at and stage != Stage.ADJUDICATION:
            raise Conflict("You have already seen the details of this list: it needs somebody else.")
        return None
    seen = review.blind_saved_at or stage == Stage.ADJUDICATION
    state = ReviewState.REVEALED if seen else ReviewState.BLIND
    Review.objects.filter(pk=review.pk).update(state=state, lease_until=_lease_end())
    review.refresh_from_db()
    return review


def _new_review(decision: Decision, stage: Stage, searches: list[Search], by: User) -> Review:
    offender = decision.offender
    campaign = offender.submission.campaign
    length = max((search.list_length for search in searches), default=campaign.list_length)
    review = Review.objects.create(
        decision=decision,
        stage=stage,
        state=ReviewState.REVEALED if stage == Stage.ADJUDICATION else ReviewState.BLIND,
        reviewer=by,
        role=by.role,
        lease_until=_lease_end(),
        grounds={**{name: getattr(campaign, name) for name in LAWFUL}, "under_18": offender.under_18},
        list_length=length,
        probes=_probes(decision, stage, searches),
    )
    review.refresh_from_db()  # the lease is the database's to say
    review.searches.set(searches)
    candidates = candidates_of(searches, length)
    secrets.SystemRandom().shuffle(candidates)  # each officer's own order says nothing about rank
    Judgement.objects.bulk_create(
        Judgement(review=review, candidate=one, subject_uid=one.subject_uid, position=position)
        for position, one in enumerate(candidates, start=1)
    )
    return review


def _probes(decision: Decision, stage: Stage, searches: Sequence[Search]) -> list[dict[str, Any]]:
    """What is compared, fixed now: a retailer may choose another face while an officer is looking."""
    first = decision.reviews.filter(stage=Stage.FIRST, state=ReviewState.COMPLETE).first()
    if stage != Stage.FIRST and first is not None:
        return list(first.probes)
    return _probes_now(decision.offender, {search.still_id: search for search in searches})


def _probes_now(offender: Offender, searches: Mapping[int | None, Search]) -> list[dict[str, Any]]:
    probes = []
    for still in offender.stills.select_related("chosen_face"):
        face, search = still.chosen_face, searches.get(still.pk)
        probes.append(
            {
                "still": str(still.uid),
                "sha256": still.original_sha256,
                "copy_sha256": still.copy_sha256,
                "search": str(search.uid) if search else None,
                "box": {"x": face.x, "y": face.y, "w": face.w, "h": face.h} if face else None,
                "landmarks": face.landmarks if face else None,
                "quality": face.quality if face else {},
                "chosen_how": still.chosen_how,
                "why_not_searched": "" if search else still.work_error,
            }
        )
    return probes


def forget_probe(still: Still) -> None:
    """Take what reviews had copied of an erased still: the face's place, points and measures.

    Call inside the transaction of the erasure. Hash and search stay, as the record of what was compared.
    """
    for review in Review.objects.filter(decision__offender=still.offender_id):
        for probe in review.probes:
            if probe["still"] == str(still.uid):
                probe.update(box=None, landmarks=None, quality={})
        Review.objects.filter(pk=review.pk).update(probes=review.probes)


@transaction.atomic
def release_review(review: Review, *, by: Actor, reason: str = "") -> None:
    """Hand a review back unfinished; what was entered stays in the record."""
    if Review.objects.filter(pk=review.pk, state__in=LIVE).update(state=ReviewState.RELEASED) != 1:
        raise Conflict("This review is already finished.")
    _back_to_waiting(review, by, reason)


def _back_to_waiting(review: Review, by: Actor, reason: str) -> None:
    _move(Decision.objects.get(pk=review.decision_id), WAITING[Stage(review.stage)])
    record(Tag.REVIEW_RELEASED, actor=by, subject=review, reason=reason)


def release_expired() -> int:
    """Hand back every review whose officer has been away longer than the lease; how many went back."""
    expired = Review.objects.filter(state__in=LIVE, lease_until__lt=Now())
    return sum(_release_if_still_expired(review) for review in expired)


@transaction.atomic
def _release_if_still_expired(review: Review) -> bool:
    # The officer may have come back since the list was made.
    still = Review.objects.filter(pk=review.pk, state__in=LIVE, lease_until__lt=Now())
    if still.update(state=ReviewState.RELEASED) != 1:
        return False
    _back_to_waiting(review, SystemActor("lease"), "nothing was entered before the lease ran out")
    return True


def keep_lease(review: Review) -> None:
    """The officer is still at it."""
    Review.objects.filter(pk=review.pk, state__in=LIVE).update(lease_until=_lease_end())


# --- blind ----------------------------------------------------------------------------------------
def _checked(judged: Judged) -> Judged:
    unknown = set(judged.features) - set(FEATURES) or set(judged.features.values()) - set(Finding.values)
    if unknown:
        raise Invalid("A compared feature is not one of the list.")
    if judged.verdict not in Verdict.values:
        raise Invalid("Choose one of the three judgements.")
    if judged.confidence is not None and not 1 <= judged.confidence <= 5:
        raise Invalid("Confidence goes from 1 to 5.")
    if not (math.isfinite(judged.seconds_viewed) and 0 <= judged.seconds_viewed <= LONGEST_VIEW):
        raise Invalid("The viewing time is not a sensible number of seconds.")
    return judged


def _open_blind(review: Review, by: User) -> Review:
    """The review, locked while it is this officer's and blind: nothing slips in after the blind save."""
    found = Review.objects.select_for_update(no_key=True).filter(
        pk=review.pk, state=ReviewState.BLIND, reviewer=by
    )
    locked = found.first()
    if locked is None:
        raise Conflict("The blind judgement is already saved, or the review went back to the queue.")
    return locked


@transaction.atomic
def save_judgement(review: Review, position: int, judged: Judged, *, by: User) -> None:
    """Store one blind judgement; it can be changed until all are saved."""
    _checked(judged)
    _open_blind(review, by)
    changed = review.judgements.filter(position=position).update(
        blind=judged.verdict,
        features=dict(judged.features),
        confidence=judged.confidence,
        seconds_viewed=round(judged.seconds_viewed, 1),
    )
    if changed != 1:
        raise Invalid("There is no candidate at this place.")
    keep_lease(review)


@transaction.atomic
def rule_out_the_rest(review: Review, *, by: User) -> int:
    """Judge every candidate without a judgement "not this person", at the officer's word; how many."""
    _open_blind(review, by)
    changed = review.judgements.filter(blind="").update(blind=Verdict.NOT_THIS_PERSON)
    keep_lease(review)
    return changed


@transaction.atomic
def add_view_edits(review: Review, edits: Sequence[Mapping[str, Any]], *, by: User) -> None:
    """Append changes of the view (control, value, when) to the record of a review that is open."""
    found = Review.objects.select_for_update(no_key=True).filter(pk=review.pk, state__in=LIVE, reviewer=by)
    locked = found.first()
    if locked is None:
        raise Conflict("This review is no longer yours.")
    locked.view_edits += [{**edit, "stage": locked.state} for edit in edits]
    if len(locked.view_edits) > MAX_EDITS:
        raise Invalid("Too many changes of the view for one review.")
    Review.objects.filter(pk=review.pk).update(view_edits=locked.view_edits, lease_until=_lease_end())


def blind_digest(review: Review) -> str:
    """SHA-256 (hex) over the blind judgements in their order: the log keeps it, so no later change hides."""
    fields = ("position", "subject_uid", "blind", "features", "confidence", "seconds_viewed")
    rows = [[getattr(one, name) for name in fields] for one in review.judgements.all()]
    return hashlib.sha256(json.dumps(rows, default=str, sort_keys=True).encode()).hexdigest()


@transaction.atomic
def save_blind(review: Review, *, by: User, view_edits: Sequence[Mapping[str, Any]] = ()) -> None:
    """End the blind stage: every candidate must have a judgement. Only now may anything be revealed."""
    _open_blind(review, by)
    open_ones = review.judgements.filter(blind="").count()
    if open_ones:
        raise Invalid(f"Candidates without a judgement: {open_ones}. Judge each of them first.")
    if view_edits:
        add_view_edits(review, view_edits, by=by)
    digest = blind_digest(review)
    Review.objects.filter(pk=review.pk).update(
        state=ReviewState.REVEALED,
        blind_saved_at=timezone.now(),
        blind_sha256=digest,
        lease_until=_lease_end(),
    )
    record(Tag.REVIEW_BLIND_SAVED, actor=by, subject=review, judgements_sha256=digest)


# --- reveal and conclude --------------------------------------------------------------------------
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
        raise Invalid("You judged a candidate a possible match: that is not “no match in the gallery”.")
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
