"""Campaigns, the board of a submission's thirty places, and its receipt."""

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.retailer.queries import BY_PLACE, campaigns_for, offenders_for, with_stills
from portal.submissions.actions import accepts_submissions
from portal.submissions.models import Campaign, Offender
from portal.submissions.states import MAX_OFFENDERS

PAGE = 20


@for_retailers
@require_safe
def campaigns(request: SignedInRequest) -> HttpResponse:
    """The campaigns the retailer is invited to, and how far each submission is."""
    ours = offenders_for(request.user).filter(submission__campaign=OuterRef("pk")).order_by()
    number = ours.values("submission__campaign").annotate(number=Count("pk")).values("number")
    # A subquery is counted for the rows of a page only.
    rows = campaigns_for(request.user).annotate(sent=Coalesce(Subquery(number), 0)).order_by("-id")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    for campaign in page:
        campaign.accepts = accepts_submissions(campaign)  # type: ignore[attr-defined]
    return render(request, "retailer/campaigns.html", {"page": page, "places": MAX_OFFENDERS})


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
