"""Campaigns, the board of a submission's thirty places, and its receipt."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.retailer.polling import fingerprint, is_poll, unchanged
from portal.retailer.preservation import Clock, clock_of
from portal.retailer.queries import BY_PLACE, campaigns_for, offenders_for, with_stills
from portal.reviews.disclosure import disclose
from portal.reviews.status import Status, statuses_of
from portal.submissions.actions import accepts_submissions, next_place
from portal.submissions.models import Campaign, Offender, Still
from portal.submissions.states import MAX_OFFENDERS

PAGE = 20


@dataclass(frozen=True)
class Place:
    """One of the thirty places of the board; free where there is no offender."""

    rank: int
    offender: Offender | None = None
    status: Status | None = None
    still: Still | None = None
    clock: Clock | None = None


@for_retailers
@require_safe
def campaigns(request: SignedInRequest) -> HttpResponse:
    """The campaigns the retailer is invited to, and how far each submission is."""
    ours = Q(submissions__retailer=request.user.organisation_id)
    rows = (
        campaigns_for(request.user)
        .annotate(sent=Count("submissions__offenders", filter=ours, distinct=True))
        .order_by("-id")
    )
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    for campaign in page:
        campaign.accepts = accepts_submissions(campaign)  # type: ignore[attr-defined]
    return render(request, "retailer/campaigns.html", {"page": page, "places": MAX_OFFENDERS})


@for_retailers
@require_safe
def submission(request: SignedInRequest, uid: str) -> HttpResponse:
    """The board: thirty numbered places, the offenders in theirs."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    offenders = _offenders(request, campaign)
    statuses = statuses_of(offenders)
    places = _places(offenders, statuses)
    taken = [place for place in places if place.offender]
    seen = fingerprint([(p.rank, p.status, p.clock, p.still and p.still.pk) for p in taken])
    if unchanged(request, seen):
        return HttpResponse(status=204)
    disclose(offenders, statuses, to=request.user)
    context = {
        "campaign": campaign,
        "open": accepts_submissions(campaign),
        "places": places,
        "taken": len(taken),
        "next_place": next_place([place.rank for place in taken]),
        "free": MAX_OFFENDERS - len(taken),
        "seen": seen,
    }
    template = "retailer/_submission.html" if is_poll(request) else "retailer/submission.html"
    return render(request, template, context)


@for_retailers
@require_safe
def receipt(request: SignedInRequest, uid: str) -> HttpResponse:
    """What was received, with the hash of every still: for printing and keeping."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    context = {"campaign": campaign, "offenders": _offenders(request, campaign), "printed_at": timezone.now()}
    return render(request, "retailer/receipt.html", context)


def _offenders(request: SignedInRequest, campaign: Campaign) -> list[Offender]:
    ours = offenders_for(request.user).filter(submission__campaign=campaign)
    return list(with_stills(ours).order_by(BY_PLACE, "pk"))


def _places(offenders: list[Offender], statuses: dict[int, Status]) -> list[Place]:
    by_rank = {one.rank: one for one in offenders if one.rank is not None}
    return [
        _place(rank, by_rank[rank], statuses) if rank in by_rank else Place(rank)
        for rank in range(1, MAX_OFFENDERS + 1)
    ]


def _place(rank: int, offender: Offender, statuses: dict[int, Status]) -> Place:
    still = next(iter(offender.stills.all()), None)
    return Place(rank, offender, statuses[offender.pk], still, clock_of(offender))
