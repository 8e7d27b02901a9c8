"""The record of a decision: everything it rests on, read-only."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.models import User
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.police.forms import ReasonForm
from portal.police.strength import supports_of
from portal.questions.queries import questions_of
from portal.reviews.actions import Conflict, Invalid, blind_digest, reopen_decision, search_again
from portal.reviews.models import Decision, EarlierRound, Judgement, Review
from portal.reviews.queries import readable_records
from portal.reviews.states import UNIDENTIFIED, DecisionState, Outcome, ReviewState
from portal.reviews.status import TOLD
from portal.searches.models import Search

PEOPLE = ("first_reviewer", "second_reviewer", "adjudicator")
SEARCHING_AGAIN = "The gallery is being searched again. Somebody new on the list brings it back to the queue."


@never_cache
@require_GET
@for_roles(*sorted(REVIEWING_ROLES), Role.AUDITOR)
def decision_record(request: SignedInRequest, decision_uid: UUID) -> HttpResponse:
    """Grounds, probes, searches, every review with its order and judgements, the end."""
    found = readable_records(request.user).select_related(
        "offender__submission__campaign",
        "offender__submission__retailer",
        "offender__store",
        "candidate__subject",
        "candidate__search",
        "candidate__image",
    )
    decision = get_object_or_404(found, uid=decision_uid)
    reviews = _reviews(decision)
    context = {
        "decision": decision,
        "offender": decision.offender,
        "shown": next((one for one in reviews if one.round == decision.round), None) or _last(reviews),
        "searches": Search.objects.filter(still__offender=decision.offender)
        .select_related("requested_by")
        .order_by("pk"),
        "questions": questions_of(request.user).filter(offender=decision.offender),
        "rounds": _rounds(decision, reviews),
        "may_search_again": _may_search_again(request.user, decision),
        "may_reopen": _may_reopen(request.user, decision),
        "told": TOLD.get(decision.outcome),
        "supports": {
            pk: said for one in reviews for pk, said in supports_of(one, one.judgements.all()).items()
        },
    }
    response = render(request, "police/decision_record.html", context)
    record(Tag.DECISION_VIEWED, actor=request.user, subject=decision)
    return response


def _last(reviews: list[Review]) -> Review | None:
    return reviews[-1] if reviews else None


@dataclass(frozen=True)
class Round:
    """The reviews of one round, whether their blind judgements are as saved, and how it ended if it did."""

    number: int
    reviews: list[tuple[Review, bool | None]]
    ended: EarlierRound | None


def _rounds(decision: Decision, reviews: list[Review]) -> list[Round]:
    ended = {one.number: one for one in decision.earlier_rounds.select_related(*PEOPLE)}
    return [
        Round(
            number,
            [(one, _unchanged(one)) for one in reviews if one.round == number],
            ended.get(number),
        )
        for number in range(1, decision.round + 1)
    ]


def _may_search_again(user: User, decision: Decision) -> bool:
    unidentified = decision.outcome in UNIDENTIFIED or decision.state == DecisionState.AWAITING_FIRST
    return unidentified and user.role in REVIEWING_ROLES


def _may_reopen(user: User, decision: Decision) -> bool:
    ended = decision.state == DecisionState.DECIDED and decision.outcome != Outcome.IDENTIFIED
    return ended and user.role == Role.SUPERVISOR


@require_POST
@for_roles(*sorted(REVIEWING_ROLES))
def decision_search(request: SignedInRequest, decision_uid: UUID) -> HttpResponse:
    """Have the gallery searched again for somebody not identified, with the reason."""
    decision = get_object_or_404(readable_records(request.user), uid=decision_uid)
    return _with_reason(request, decision, search_again, SEARCHING_AGAIN)


@require_POST
@for_roles(Role.SUPERVISOR)
def decision_reopen(request: SignedInRequest, decision_uid: UUID) -> HttpResponse:
    """Back to the queue, in a new round, with the reason."""
    decision = get_object_or_404(readable_records(request.user), uid=decision_uid)
    return _with_reason(request, decision, reopen_decision, "The decision is back in the queue.")


def _with_reason(
    request: SignedInRequest, decision: Decision, act: Callable[..., object], done: str
) -> HttpResponse:
    form = ReasonForm(request.POST)
    try:
        if not form.is_valid():
            raise Invalid("Say why.")
        act(decision, reason=form.cleaned_data["reason"], by=request.user)
    except (Conflict, Invalid) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    readable = readable_records(request.user).filter(pk=decision.pk).exists()
    return redirect("police:decision-record", decision.uid) if readable else redirect("police:queue")


def _reviews(decision: Decision) -> list[Review]:
    judgements = Judgement.objects.select_related(
        "candidate__subject", "candidate__search", "candidate__image"
    )
    return list(
        decision.reviews.select_related("reviewer", "candidate__subject")
        .prefetch_related(Prefetch("judgements", judgements), "searches")
        .order_by("pk")
    )


def _unchanged(review: Review) -> bool | None:
    """Whether the blind judgements are still those that were saved; None where none were saved."""
    if not review.blind_sha256 or review.state == ReviewState.BLIND:
        return None
    return blind_digest(review) == review.blind_sha256
