"""A retailer's numbers: what became of what was sent, how fast, for what value, and how good the stills were.

The database counts (portal.reviews.tallies); here are the order, the words and the charts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from portal.charts import BarChart, bar_chart
from portal.reviews.status import WORDS
from portal.reviews.tallies import (
    MONTH,
    STATUS,
    OffenderTally,
    StillTally,
    Tallies,
    offender_tallies,
    still_tallies,
)
from portal.submissions.models import Offender

WAY = (
    "needs_still", "draft", "no_face", "held_up", "checking", "searched", "looked_at_again", "with_officer",
    "identified", "refer", "no_match", "inconclusive", "unsuitable_circulate", "unsuitable",
)  # fmt: skip
MONTHS = 12  # of the quality chart


@dataclass(frozen=True)
class Counted:
    """A retailer's offenders and their stills, counted."""

    offenders: Tallies[OffenderTally]
    stills: Tallies[StillTally]


@dataclass(frozen=True)
class Total:
    """How many offenders have one status."""

    code: str
    label: str
    count: int


@dataclass(frozen=True)
class Figures:
    """The numbers of a group of offenders. Times are medians, None where there is none."""

    offenders: int
    sent: int
    searched: int
    decided: int
    identified: int
    value: Decimal
    to_candidates: timedelta | None
    to_outcome: timedelta | None


@dataclass(frozen=True)
class Line:
    """A group's name, the query string that filters by it, and its figures."""

    label: str
    query: str
    figures: Figures


def counted(offenders: QuerySet[Offender]) -> Counted:
    """All that the figures need; two queries."""
    return Counted(offender_tallies(offenders), still_tallies(offenders))


def totals(found: Counted) -> list[Total]:
    """Counts of the statuses that occur, in the order of a report's way."""
    by_code = _by_code(found)
    return [Total(code, WORDS[code][0], one.offenders) for code, one in by_code]


def _by_code(found: Counted) -> list[tuple[str, OffenderTally]]:
    groups = found.offenders.by[STATUS]
    return sorted(((code, one) for code, one in groups.items() if code), key=lambda pair: WAY.index(pair[0]))


def everything(found: Counted) -> Figures:
    """Numbers of all of them."""
    return _figures(found.offenders.whole, found.stills.whole)


def _figures(one: OffenderTally, stills: StillTally | None) -> Figures:
    return Figures(
        one.offenders,
        one.sent,
        one.searched,
        one.decided,
        one.identified,
        one.value or Decimal(),
        stills.to_candidates if stills else None,
        one.to_outcome,
    )


def lines(found: Counted, by: str, names: Sequence[tuple[str | None, str, str]]) -> list[Line]:
    """Figures of every named group that has an offender; names are (value as text, label, query)."""
    offenders, stills = found.offenders.by[by], found.stills.by[by]
    there = [name for name in names if name[0] in offenders]
    return [
        Line(label, query, _figures(offenders[value], stills.get(value))) for value, label, query in there
    ]


def value_by_status(found: Counted) -> list[tuple[Total, Decimal]]:
    """The loss reported, in pounds, by status; statuses without a value are left out."""
    by_code = _by_code(found)
    return [(Total(code, WORDS[code][0], 0), one.value) for code, one in by_code if one.value]


# --- how good the stills are ----------------------------------------------------------------------
@dataclass(frozen=True)
class Month:
    """The stills that came in one month; `quality` is the median unified score of their faces."""

    first: date
    stills: int
    with_face: int
    good: int
    quality: float | None


def months(found: Counted) -> list[Month]:
    """The last twelve months with stills, oldest first."""
    by_month = sorted((month, one) for month, one in found.stills.by[MONTH].items() if month)
    return [_month(month, one) for month, one in by_month[-MONTHS:]]


def _month(month: str, one: StillTally) -> Month:
    return Month(date.fromisoformat(month[:10]), one.stills, one.with_face, one.good, one.quality)


# --- charts ---------------------------------------------------------------------------------------
def status_chart(counted: Sequence[Total]) -> BarChart:
    """Offenders by status."""
    return bar_chart([(one.label, one.count) for one in counted])


def funnel_chart(all_of_them: Figures) -> BarChart:
    """How many got how far."""
    one = all_of_them
    steps = (
        ("Added", one.offenders),
        ("Sent", one.sent),
        ("Searched", one.searched),
        ("Outcome", one.decided),
    )
    return bar_chart(steps)


def value_chart(sums: Sequence[tuple[Total, Decimal]]) -> BarChart:
    """Loss by status."""
    return bar_chart([(one.label, float(value)) for one, value in sums], form="£{:,.0f}")


def quality_chart(found: Sequence[Month]) -> BarChart:
    """Median quality by month."""
    return bar_chart([(f"{one.first:%b %Y}", one.quality or 0) for one in found], form="{:.0f}")
