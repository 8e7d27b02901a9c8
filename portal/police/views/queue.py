"""The queue: what waits for whom, what is mine, taking and handing back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.access import SignedInRequest, for_police, for_roles
from portal.accounts.models import Organisation, User
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.police import desk
from portal.reviews.actions import Conflict, claim_review, release_expired
from portal.reviews.models import Decision, Review
from portal.reviews.queries import (
    decisions_for,
    live_reviews_of,
    open_decisions,
    readable_records,
    waiting_for,
)
from portal.reviews.states import MAY_TAKE, WAITING, DecisionState, Stage

PER_PAGE = 25
TRIES = 10  # when many officers take the next one at once
FLAGS = {
    "violence": Q(offender__violence=True) | Q(offender__threats=True) | ~Q(offender__weapon=""),
    "footage": Q(offender__footage_until__isnull=False),
}


@require_GET
@for_roles(*sorted(REVIEWING_ROLES), Role.AUDITOR)
def queue(request: SignedInRequest) -> HttpResponse:
    """The officer's desk; the part that changes by itself is polled."""
    template = "police/_queue.html" if _is_poll(request) else "police/queue.html"
    return render(request, template, _desk(request))


def _is_poll(request: HttpRequest) -> bool:
    return bool(request.headers.get("X-Poll"))


def _desk(request: SignedInRequest) -> dict[str, Any]:
    user = request.user
    page = Paginator(_filtered(request), PER_PAGE).get_page(request.GET.get("page"))
    stages = {WAITING[stage].value: stage for stage in Stage if user.role in MAY_TAKE[stage]}
    mine = [pk for stage in stages.values() for pk in waiting_for(user, stage).values_list("pk", flat=True)]
    takeable = desk.takeable(user)
    return {
        "depth": desk.depth_for(user),
        "page": page,
        "may_take": set(mine),
        "may_read": _readable(user, [one.pk for one in page.object_list]),
        "takeable": [(stage, number) for stage, number in takeable.items()],
        "to_take": sum(takeable.values()),
        "reviews_open": live_reviews_of(user).order_by("lease_until"),
        "triage": desk.without_usable_face(user).count(),
        "retailers": Organisation.objects.filter(
            submissions__campaign__force=user.organisation_id
        ).distinct(),
        "chosen": request.GET,
        "progress": desk.progress_by_retailer(user),
    }


def _filtered(request: SignedInRequest) -> QuerySet[Decision]:
    rows, asked = desk.listed_decisions(request.user), request.GET
    if asked.get("state") in DecisionState.values:
        rows = rows.filter(state=asked["state"])
    elif asked.get("state") != "all":
        rows = rows.exclude(state=DecisionState.DECIDED)
    if (name := asked.get("retailer", "")) and _is_uuid(name):
        rows = rows.filter(offender__submission__retailer__uid=name)
    if flag := FLAGS.get(asked.get("flag", "")):
        rows = rows.filter(flag)
    return rows.order_by("offender__footage_until", "pk") if asked.get("flag") == "footage" else rows


def _readable(user: User, decisions: list[int]) -> set[int]:
    return set(readable_records(user).filter(pk__in=decisions).values_list("pk", flat=True))


def _retailers(user: User) -> QuerySet[Organisation]:
    return Organisation.objects.filter(submissions__campaign__force=user.organisation_id).distinct()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@require_GET
@for_police
def dashboard(request: SignedInRequest) -> HttpResponse:
    """Where every retailer's offenders stand, for all of the force."""
    template = "police/_dashboard.html" if _is_poll(request) else "police/dashboard.html"
    context = {
        "depth": desk.depth_for(request.user),
        "progress": desk.progress_by_retailer(request.user),
    }
    return render(request, template, context)


# --- taking and handing back ----------------------------------------------------------------------
@require_POST
@for_roles(*sorted(REVIEWING_ROLES))
def take_next(request: SignedInRequest) -> HttpResponse:
    """Take what has waited longest among what this officer may do."""
    return next_review(request)


def next_review(request: SignedInRequest) -> HttpResponse:
    """Claim the next one and go there; back to the queue where nothing is left."""
    open_decisions()
    release_expired()
    for _ in range(TRIES):
        found = _longest_waiting(request.user)
        if found is None:
            messages.info(request, "Nothing is waiting for you just now.")
            return redirect("police:queue")
        try:
            review = claim_review(found[1], found[0], by=request.user)
        except Conflict:
            continue  # somebody was quicker: look again
        return redirect("police:review", review.uid)
    messages.error(request, "Others were quicker each time. Try again.")
    return redirect("police:queue")


def _longest_waiting(user: User) -> tuple[Stage, Decision] | None:
    first_of_each = [(stage, waiting_for(user, stage).first()) for stage in Stage]
    found = [(stage, decision) for stage, decision in first_of_each if decision is not None]
    return min(found, key=lambda pair: pair[1].entered_at, default=None)


@require_POST
@for_roles(*sorted(REVIEWING_ROLES))
def decision_take(request: SignedInRequest, decision_uid: UUID) -> HttpResponse:
    """Take this one, at the step where it stands."""
    decision = get_object_or_404(decisions_for(request.user), uid=decision_uid)
    stages = [stage for stage in Stage if WAITING[stage] == decision.state]
    try:
        if not stages:
            raise Conflict("Somebody else has just taken this offender. Choose the next one.")
        review = claim_review(decision, stages[0], by=request.user)
    except Conflict as error:
        messages.error(request, str(error))
        return redirect("police:queue")
    return redirect("police:review", review.uid)


def my_review(request: SignedInRequest, review_uid: UUID) -> Review:
    """The review, if this officer took it; 404 for everybody else's."""
    found = Review.objects.select_related("decision__offender__submission__retailer")
    return get_object_or_404(found, uid=review_uid, reviewer=request.user)
