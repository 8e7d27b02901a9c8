"""What became of everything a retailer sent."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.retailer import figures
from portal.retailer.figures import Fact, Line, StillFact
from portal.retailer.filters import NEEDS_YOU, FilterForm
from portal.retailer.polling import fingerprint, is_poll, unchanged
from portal.retailer.preservation import Clock, clock_of
from portal.retailer.queries import BY_PLACE, campaigns_for, offenders_for
from portal.reviews.disclosure import disclose
from portal.reviews.status import Status, said, with_status
from portal.submissions.models import Offender, Still
from portal.submissions.states import OffenceType
from portal.tables import csv_response

PAGE = 30
NAMES = Prefetch("stills", queryset=Still.objects.only("offender_id", "name"))
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
    facts, stills = figures.facts_of(narrowed), figures.still_facts_of(narrowed)
    listed = filters.with_status(with_status(narrowed)).order_by(*NEWEST_FIRST)
    page = Paginator(listed.prefetch_related(NAMES), PAGE).get_page(request.GET.get("page"))
    rows = _rows(list(page.object_list))
    counted = figures.totals(facts)
    everything = figures.figures_of(facts, stills)
    seen = fingerprint(everything, counted, [(row.offender.pk, row.status, row.clock) for row in rows])
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
        "needs_you": sum(one.count for one in counted if one.code in NEEDS_YOU),
        "everything": everything,
        **_breakdowns(request.user, facts, stills),
    }
    template = "retailer/_dashboard.html" if is_poll(request) else "retailer/dashboard.html"
    return render(request, template, shown)


def _kept(request: SignedInRequest) -> str:
    """The filters as a query string, without the page."""
    kept = request.GET.copy()
    for name in ("page", "seen"):
        kept.pop(name, None)
    return kept.urlencode()


def _rows(offenders: list[Offender]) -> list[Row]:
    statuses = said(Offender.objects.filter(pk__in=[one.pk for one in offenders]))
    return [Row(one, statuses[one.pk], clock_of(one)) for one in offenders]


def _breakdowns(user: User, facts: list[Fact], stills: list[StillFact]) -> dict[str, object]:
    counted, everything = figures.totals(facts), figures.figures_of(facts, stills)
    values, by_month = figures.value_by_status(facts), figures.months(stills)
    return {
        "totals": counted,
        "chart": figures.status_chart(counted),
        "funnel": figures.funnel_chart(everything),
        "values": values,
        "value_chart": figures.value_chart(values),
        "months": by_month,
        "quality_chart": figures.quality_chart(by_month),
        "breakdowns": (
            ("Campaign", _by_campaign(user, facts, stills)),
            ("Store", _by_store(user, facts, stills)),
            ("Offence", _by_offence(facts, stills)),
        ),
    }


Names = list[tuple[Hashable, str, str]]


def _by_campaign(user: User, facts: list[Fact], stills: list[StillFact]) -> list[Line]:
    campaigns = campaigns_for(user).order_by("-pk")
    names: Names = [(one.pk, one.name, urlencode({"campaign": one.uid})) for one in campaigns]
    return figures.lines(facts, stills, "campaign", names)


def _by_store(user: User, facts: list[Fact], stills: list[StillFact]) -> list[Line]:
    stores = user.organisation.stores.order_by("name")
    names: Names = [(one.pk, one.name, urlencode({"store": one.uid})) for one in stores]
    return figures.lines(facts, stills, "store", [*names, (None, "No store named", "")])


def _by_offence(facts: list[Fact], stills: list[StillFact]) -> list[Line]:
    names: Names = [
        (one.value, one.label.partition(" (")[0], urlencode({"offence": one.value})) for one in OffenceType
    ]
    return figures.lines(facts, stills, "offence", [*names, ("", "Not said yet", "")])


# --- the same as a file ---------------------------------------------------------------------------
COLUMNS = (
    "Place", "Campaign", "Store", "Your reference", "Crime reference", "Offence", "Value (£)", "Sent",
    "Status", "Since", "Searched", "Outcome",
)  # fmt: skip


@for_retailers
@require_safe
def dashboard_export(request: SignedInRequest) -> HttpResponse:
    """The list the filters leave, as CSV."""
    filters = FilterForm(request.GET, user=request.user)
    listed = filters.with_status(with_status(filters.narrow(offenders_for(request.user))))
    rows = _export_rows(listed.order_by(*NEWEST_FIRST))
    with transaction.atomic():
        record(
            Tag.EXPORTED,
            actor=request.user,
            subject=request.user.organisation,
            rows=len(rows),
            filters=_kept(request)[:300],
        )
    return csv_response(f"offenders-{timezone.localdate():%Y-%m-%d}", COLUMNS, rows)


def _export_rows(offenders: QuerySet[Offender]) -> list[tuple[object, ...]]:
    found = list(offenders)
    statuses = said(Offender.objects.filter(pk__in=[one.pk for one in found]))
    return [
        (
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
        for one in found
        for status in (statuses[one.pk],)
    ]


def _moment(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
