"""The queue: what waits for whom, what is mine, taking and handing back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.models import User
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.paging import KnownCount
from portal.police import desk
from portal.police.priority import BANDS
from portal.reviews.actions import Conflict, claim_review, release_expired
from portal.reviews.models import Review
from portal.reviews.queries import decisions_for, live_reviews_of, open_decisions, readable_records
from portal.reviews.states import WAITING, Stage
from portal.submissions.states import OffenceType

PER_PAGE = 25
TRIES = 10  # when many officers take the next one at once
MANY = 100  # without a usable face: from here on the queue does not count them
FILTERS = ("offence", "band", "campaign", "flag")


@require_GET
@for_roles(*sorted(REVIEWING_ROLES), Role.AUDITOR)
def queue(request: SignedInRequest) -> HttpResponse:
    """The officer's desk; the part that changes by itself is polled."""
    template = "police/_queue.html" if _is_poll(request) else "police/queue.html"
    return render(request, template, _desk(request))


def _is_poll(request: HttpRequest) -> bool:
    return bool(request.headers.get("X-Poll"))


def _desk(request: SignedInRequest) -> dict[str, Any]:
    user, asked = request.user, request.GET
    waiting = desk.waiting_by_stage(user)
    tabs = desk.tabs_for(user)
    view = asked.get("view") if asked.get("view") in {tab.code for tab in tabs.links} else "open"
    ids = desk.narrowed(user, {**asked.dict(), "view": str(view)}).values_list("pk", flat=True)
    narrow = any(asked.get(name) for name in FILTERS)
    pages = Paginator(ids, PER_PAGE) if narrow else KnownCount(ids, PER_PAGE, known=tabs.number(str(view)))
    page = pages.get_page(asked.get("page"))
    shown = list(page.object_list)
    takeable = desk.takeable_of(waiting, shown)
    return {
        "tabs": tabs,
        "view": view,
        "chosen": asked,
        "narrow": narrow,
        "page": page,
        "rows": desk.listed(shown),
        "may_take": set().union(*takeable.values()),
        "may_read": _readable(user, shown),
        "may_review": user.role != Role.AUDITOR,
        "takeable": desk.takeable_stages(waiting, takeable),
        "reviews_open": live_reviews_of(user).order_by("lease_until"),
        "faceless": desk.number_without_usable_face(waiting, at_most=MANY),
        "many": MANY,
        "campaigns": desk.campaigns_of(user),
        "offences": OffenceType.choices,
        "bands": BANDS.items(),
    }


def _readable(user: User, decisions: list[int]) -> set[int]:
    return set(readable_records(user).filter(pk__in=decisions).values_list("pk", flat=True))


@require_GET
@for_roles(Role.SUPERVISOR, Role.GALLERY_MANAGER, Role.ADMINISTRATOR, Role.AUDITOR)
def dashboard(request: SignedInRequest) -> HttpResponse:
    """Where every retailer's offenders stand. Not for reviewers: it counts real ones only, and a check that
    one of them takes would show as a number that does not move."""
    template = "police/_dashboard.html" if _is_poll(request) else "police/dashboard.html"
    progress = desk.progress_by_retailer(request.user)
    return render(request, template, {"whole": desk.summed(progress), "progress": progress})


# --- taking and handing back ----------------------------------------------------------------------
@require_POST
@for_roles(*sorted(REVIEWING_ROLES))
def take_next(request: SignedInRequest) -> HttpResponse:
    """Take what comes first among what this officer may do (portal.police.priority)."""
    return next_review(request)


def next_review(request: SignedInRequest) -> HttpResponse:
    """Claim the next one and go there; back to the queue where nothing is left."""
    open_decisions()
    release_expired()
    for _ in range(TRIES):
        found = desk.first_of(request.user)
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
    found = Review.objects.select_related(
        "decision__offender__submission__campaign",
        "decision__offender__submission__retailer",
        "decision__offender__store",
    )
    return get_object_or_404(found, uid=review_uid, reviewer=request.user)
