"""The blind stage: a judgement on each candidate, what was done to the view, and the save that ends it."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.reviews.claims import keep_lease
from portal.reviews.models import Review
from portal.reviews.moves import Conflict, Invalid, lease_end
from portal.reviews.states import FEATURES, LIVE, Finding, ReviewState, Verdict

LONGEST_VIEW = 24 * 3600.0  # seconds; a browser's clock is not to be believed further
MAX_EDITS = 5000  # view edits kept of one review


@dataclass(frozen=True)
class Judged:
    """What an officer entered for one candidate. Confidence 1 (low) to 5 (high); seconds on screen."""

    verdict: Verdict
    features: Mapping[str, str] = field(default_factory=dict)
    confidence: int | None = None
    seconds_viewed: float = 0.0


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


def open_blind(review: Review, by: User) -> Review:
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
    open_blind(review, by)
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
    open_blind(review, by)
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
    Review.objects.filter(pk=review.pk).update(view_edits=locked.view_edits, lease_until=lease_end())


def blind_digest(review: Review) -> str:
    """SHA-256 (hex) over the blind judgements in their order: the log keeps it, so no later change hides."""
    fields = ("position", "subject_uid", "blind", "features", "confidence", "seconds_viewed")
    rows = [[getattr(one, name) for name in fields] for one in review.judgements.all()]
    return hashlib.sha256(json.dumps(rows, default=str, sort_keys=True).encode()).hexdigest()


@transaction.atomic
def save_blind(review: Review, *, by: User, view_edits: Sequence[Mapping[str, Any]] = ()) -> None:
    """End the blind stage: every candidate must have a judgement. Only now may anything be revealed."""
    open_blind(review, by)
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
        lease_until=lease_end(),
    )
    record(Tag.REVIEW_BLIND_SAVED, actor=by, subject=review, judgements_sha256=digest)
