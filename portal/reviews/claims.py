"""Taking a decision for a review, handing it back, and the lease between."""

import secrets
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models.functions import Now

from portal.accounts.models import User
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.moves import TAKEN, Conflict, lease_end, move
from portal.reviews.probes import probes_for
from portal.reviews.queries import BUSY, candidates_of, completed, latest_searches, saw_this_list
from portal.reviews.states import LIVE, MAY_TAKE, OPEN, WAITING, ReviewState, Stage
from portal.searches.models import Candidate, Search
from portal.submissions.models import LAWFUL

SEEN = "You have already seen the details of this list: it needs somebody else."


@transaction.atomic
def claim_review(decision: Decision, stage: Stage, *, by: User) -> Review:
    """Take a decision for one stage; Conflict where somebody has it or it is not for this officer.

    Who takes again what they handed back goes on where they were: whoever has seen the reveal cannot
    start another blind look.
    """
    _check_may_take(decision, stage, by)
    move(decision, OPEN[stage])
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
    if saw_this_list(by, stage).filter(decision=decision).exists():
        raise Conflict(SEEN)
    if stage == Stage.FIRST and decision.offender.stills.filter(work_state__in=BUSY).exists():
        raise Conflict("A still of this offender is being checked again. Choose the next one.")


def _searches_for(decision: Decision, stage: Stage) -> list[Search]:
    """The lists to compare: for everybody after the first officer of a round the very same ones."""
    first = completed(decision, Stage.FIRST)
    if stage == Stage.FIRST or first is None:
        return list(latest_searches(decision.offender))
    return list(first.searches.all())


def _resumed(decision: Decision, stage: Stage, searches: Sequence[Search], by: User) -> Review | None:
    mine = decision.reviews.filter(reviewer=by, stage=stage, round=decision.round, state=ReviewState.RELEASED)
    review = mine.order_by("-pk").first()
    if review is None:
        return None
    if _bases(review.searches.all()) != _bases(searches):
        if review.blind_saved_at and stage != Stage.ADJUDICATION:
            raise Conflict(SEEN)
        return None
    seen = review.blind_saved_at or stage == Stage.ADJUDICATION
    state = ReviewState.REVEALED if seen else ReviewState.BLIND
    Review.objects.filter(pk=review.pk).update(state=state, lease_until=lease_end())
    review.refresh_from_db()
    return review


def _bases(searches: Iterable[Search]) -> set[int]:
    """Which lists these are, longer or not."""
    return {search.pk for search in searches if search.extends_id is None}


def _new_review(decision: Decision, stage: Stage, searches: list[Search], by: User) -> Review:
    offender = decision.offender
    campaign = offender.submission.campaign
    length = max((search.list_length for search in searches), default=campaign.list_length)
    review = Review.objects.create(
        decision=decision,
        round=decision.round,
        stage=stage,
        state=ReviewState.REVEALED if stage == Stage.ADJUDICATION else ReviewState.BLIND,
        reviewer=by,
        role=by.role,
        lease_until=lease_end(),
        grounds={**{name: getattr(campaign, name) for name in LAWFUL}, "under_18": offender.under_18},
        list_length=length,
        probes=probes_for(decision, stage, searches),
    )
    review.refresh_from_db()  # the lease is the database's to say
    review.searches.set(searches)
    add_in_random_order(review, candidates_of(searches, length))
    return review


def add_in_random_order(review: Review, candidates: Sequence[Candidate]) -> None:
    """Append candidates to what a review compares: each officer's own order says nothing about rank."""
    shown = review.judgements.count()
    shuffled = secrets.SystemRandom().sample(candidates, len(candidates))
    Judgement.objects.bulk_create(
        Judgement(review=review, candidate=one, subject_uid=one.subject_uid, position=position)
        for position, one in enumerate(shuffled, start=shown + 1)
    )


@transaction.atomic
def release_review(review: Review, *, by: Actor, reason: str = "") -> None:
    """Hand a review back unfinished; what was entered stays in the record."""
    if Review.objects.filter(pk=review.pk, state__in=LIVE).update(state=ReviewState.RELEASED) != 1:
        raise Conflict("This review is already finished.")
    _back_to_waiting(review, by, reason)


def _back_to_waiting(review: Review, by: Actor, reason: str) -> None:
    move(Decision.objects.get(pk=review.decision_id), WAITING[Stage(review.stage)])
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
    Review.objects.filter(pk=review.pk, state__in=LIVE).update(lease_until=lease_end())
