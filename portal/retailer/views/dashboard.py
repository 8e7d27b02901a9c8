"""What became of everything a retailer sent."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.paging import KnownCount
from portal.retailer import figures
from portal.retailer.figures import Counted, Line
from portal.retailer.filters import NEEDS_YOU, FilterForm
from portal.retailer.polling import fingerprint, is_poll, unchanged
from portal.retailer.preservation import Clock, clock_of
from portal.retailer.queries import BY_PLACE, campaigns_for, offenders_for
from portal.reviews.disclosure import disclose
from portal.reviews.status import Status, in_words, with_words
from portal.reviews.tallies import CAMPAIGN, OFFENCE, STORE
from portal.submissions.models import Offender, Still
from portal.submissions.states import OffenceType
from portal.tables import csv_stream

PAGE = 30
AT_ONCE = 250  # rows of the file read from the database at a time
# What is not placed yet goes by the name of its file.
NAMES = Prefetch("stills", Still.objects.filter(offender__rank=None).only("offender_id", "name"))
# What a row shows: a report has fifty columns more.
SHOWN = (
    "uid", "rank", "created_at", "declared_at", "offence", "incident_reference", "footage_kept",
    "footage_until",
    "submission__campaign__name", "store__name",
)  # fmt: skip
NEWEST_FIRST = ("-submission__campaign_id", BY_PLACE, "pk")


@dataclass(frozen=True)
class Row:
    """One offender in the list."""

    offender: Offender
    status: Status
    clock: Clock | None

    @property
    def title(self) -> str:
        """Its place, or the file that waits for one."""
        names = [still.name for still in self.offender.stills.all() if still.name]
        return names[0] if names and self.offender.rank is None else self.offender.title


@for_retailers
@require_safe
def dashboard(request: SignedInRequest) -> HttpResponse:
    """Figures of what the filters leave, and every offender with its status; keeps itself up to date."""
    filters = FilterForm(request.GET, user=request.user)
    narrowed = filters.narrow(offenders_for(request.user))
    found = figures.counted(narrowed)
    totals, everything = figures.totals(found), figures.everything(found)
    ids = filters.of_status(narrowed).order_by(*NEWEST_FIRST).values_list("pk", flat=True)
    page = KnownCount(ids, PAGE, known=_number(totals, filters)).get_page(request.GET.get("page"))
    rows = _rows(request.user, list(page.object_list))
    seen = fingerprint(everything, totals, [(row.offender.pk, row.status, row.clock) for row in rows])
    if unchanged(request, seen):
        return HttpResponse(status=204)
    disclose([row.offender for row in rows], {row.offender.pk: row.status for row in rows}, to=request.user)
    shown = {
        "polled": is_poll(request),
        "filters": filters,
        "narrowed": any(request.GET.get(name) for name in filters.fields),
        "query": _kept(request),
        "page": page,
        "rows": rows,
        "seen": seen,
        "needs_you": sum(one.count for one in totals if one.code in NEEDS_YOU),
        "everything": everything,
        "totals": totals,
        **_charts(found),
        "breakdowns": _breakdowns(request.user, found),
    }
    template = "retailer/_dashboard.html" if is_poll(request) else "retailer/dashboard.html"
    return render(request, template, shown)


def _kept(request: SignedInRequest) -> str:
    """The filters as a query string, without the page."""
    kept = request.GET.copy()
    for name in ("page", "seen"):
        kept.pop(name, None)
    return kept.urlencode()


def _number(totals: list[figures.Total], filters: FilterForm) -> int:
    """How long the list is: the totals have counted it already."""
    codes = filters.codes
    return sum(one.count for one in totals if codes is None or one.code in codes)


def _rows(user: User, ids: list[int]) -> list[Row]:
    these = offenders_for(user).filter(pk__in=ids).order_by()
    found = with_words(these).only(*SHOWN).prefetch_related(NAMES)
    rows = {one.pk: Row(one, in_words(one), clock_of(one)) for one in found}
    return [rows[pk] for pk in ids if pk in rows]


def _charts(found: Counted) -> dict[str, object]:
    values, by_month = figures.value_by_status(found), figures.months(found)
    return {
        "chart": figures.status_chart(figures.totals(found)),
        "funnel": figures.funnel_chart(figures.everything(found)),
        "values": values,
        "value_chart": figures.value_chart(values),
        "months": by_month,
        "quality_chart": figures.quality_chart(by_month),
    }


Names = list[tuple[str | None, str, str]]


def _breakdowns(user: User, found: Counted) -> tuple[tuple[str, list[Line]], ...]:
    return (
        ("Campaign", figures.lines(found, CAMPAIGN, _campaigns(user))),
        ("Store", figures.lines(found, STORE, _stores(user))),
        ("Offence", figures.lines(found, OFFENCE, _offences())),
    )


def _campaigns(user: User) -> Names:
    campaigns = campaigns_for(user).order_by("-pk").values_list("pk", "name", "uid")
    return [(str(pk), name, f"campaign={uid}") for pk, name, uid in campaigns]


def _stores(user: User) -> Names:
    stores = user.organisation.stores.order_by("name")
    names: Names = [(str(one.pk), one.name, f"store={one.uid}") for one in stores]
    return [*names, (None, "No store named", "")]


def _offences() -> Names:
    names: Names = [(one.value, one.label.partition(" (")[0], f"offence={one.value}") for one in OffenceType]
    return [*names, ("", "Not said yet", "")]


# --- the same as a file ---------------------------------------------------------------------------
COLUMNS = (
    "Place", "Campaign", "Store", "Your reference", "Crime reference", "Offence", "Value (£)", "Sent",
    "Status", "Since", "Searched", "Outcome",
)  # fmt: skip


@for_retailers
@require_safe
def dashboard_export(request: SignedInRequest) -> StreamingHttpResponse:
    """The list the filters leave, as CSV; sent while it is read."""
    filters = FilterForm(request.GET, user=request.user)
    listed = filters.of_status(filters.narrow(offenders_for(request.user))).order_by(*NEWEST_FIRST)
    with transaction.atomic():
        record(
            Tag.EXPORTED,
            actor=request.user,
            subject=request.user.organisation,
            rows=listed.count(),
            filters=_kept(request)[:300],
        )
    rows = with_words(listed).iterator(chunk_size=AT_ONCE)
    return csv_stream(f"offenders-{timezone.localdate():%Y-%m-%d}", COLUMNS, map(_cells, rows))


def _cells(one: Offender) -> tuple[object, ...]:
    status = in_words(one)
    return (
        one.rank,
        one.submission.campaign.name,
        one.store.name if one.store else "",
        one.incident_reference,
        one.crime_reference,
        one.get_offence_display() if one.offence else "",
        one.value,
        _moment(one.declared_at),
        status.label,
        _moment(status.since),
        _moment(status.searched_at),
        _moment(status.decided_at),
    )


def _moment(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
