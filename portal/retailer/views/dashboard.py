"""What became of everything a retailer sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.charts import bar_chart
from portal.retailer.figures import (
    NEEDS_YOU,
    NEEDS_YOU_LABEL,
    by_campaign,
    figures_of,
    search_durations,
    totals,
)
from portal.retailer.forms import FilterForm
from portal.retailer.polling import fingerprint, is_poll, unchanged
from portal.retailer.preservation import Clock, clock_of
from portal.retailer.queries import BY_PLACE, offenders_for
from portal.reviews.disclosure import disclose
from portal.reviews.status import Status, statuses_of
from portal.submissions.models import Offender

PAGE = 30
NEEDS_YOU_CODE = "needs_you"


@dataclass(frozen=True)
class Row:
    """One offender in the list."""

    offender: Offender
    status: Status
    clock: Clock | None


@for_retailers
@require_safe
def dashboard(request: SignedInRequest) -> HttpResponse:
    """Totals, times and every offender with its status; keeps itself up to date."""
    offenders = list(offenders_for(request.user).order_by("-submission__campaign_id", BY_PLACE))
    statuses = statuses_of(offenders)
    durations = search_durations(request.user)
    counted = totals(statuses.values())
    choices = [(NEEDS_YOU_CODE, NEEDS_YOU_LABEL), *((one.code, one.label) for one in counted)]
    filters = FilterForm(request.GET or None, user=request.user, statuses=choices)
    rows = _rows(offenders, statuses, filters)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    everything = figures_of(offenders, statuses, [one for many in durations.values() for one in many])
    seen = fingerprint(everything, counted, [(row.offender.pk, row.status, row.clock) for row in page])
    if unchanged(request, seen):
        return HttpResponse(status=204)
    disclose([row.offender for row in page], statuses, to=request.user)
    return render(
        request,
        "retailer/_dashboard.html" if is_poll(request) else "retailer/dashboard.html",
        {
            "polled": is_poll(request),
            "filters": filters,
            "page": page,
            "seen": seen,
            "totals": counted,
            "needs_you": sum(one.count for one in counted if one.code in NEEDS_YOU),
            "everything": everything,
            "campaigns": by_campaign(offenders, statuses, durations),
            "chart": bar_chart([(one.label, one.count) for one in counted]),
        },
    )


def _rows(offenders: Sequence[Offender], statuses: dict[int, Status], filters: FilterForm) -> list[Row]:
    wanted = filters.cleaned_data if filters.is_valid() else {}
    campaign, store, code = wanted.get("campaign"), wanted.get("store"), wanted.get("status")
    return [
        Row(one, statuses[one.pk], clock_of(one))
        for one in offenders
        if (not campaign or one.submission.campaign_id == campaign.pk)
        and (not store or one.store_id == store.pk)
        and _has_status(statuses[one.pk], code)
    ]


def _has_status(status: Status, wanted: str | None) -> bool:
    if not wanted:
        return True
    return status.code in NEEDS_YOU if wanted == NEEDS_YOU_CODE else status.code == wanted
