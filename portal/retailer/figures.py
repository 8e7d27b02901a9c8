"""A retailer's numbers: what became of what was sent, how fast, for what value, and how good the stills were.

Two queries read one row per offender and per still; everything else is arithmetic on those rows.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from django.db.models import FloatField, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from portal.charts import BarChart, bar_chart
from portal.reviews.states import Outcome
from portal.reviews.status import TOLD, WORDS, with_status
from portal.submissions.models import Offender, Still
from portal.work import WorkState

WAY = (
    "needs_still", "draft", "no_face", "held_up", "checking", "searched", "looked_at_again", "with_officer",
    "identified", "refer", "no_match", "inconclusive", "unsuitable_circulate", "unsuitable",
)  # fmt: skip
GOOD_QUALITY = 36.0  # unified score; the edge of the calibration's best stratum (docs/evaluation.md)
MONTHS = 12  # of the quality chart


@dataclass(frozen=True)
class Fact:
    """One offender, as far as it is counted."""

    campaign: int
    store: int | None
    offence: str
    value: Decimal | None
    status: str
    declared_at: datetime | None
    searched_at: datetime | None
    decided_at: datetime | None

    @property
    def to_outcome(self) -> timedelta | None:
        """From the declaration to the outcome."""
        if self.status in TOLD and self.declared_at and self.decided_at:
            return self.decided_at - self.declared_at
        return None


@dataclass(frozen=True)
class StillFact:
    """One still: when it came, how long until it was searched, how good its chosen face is (0..100)."""

    campaign: int
    store: int | None
    offence: str
    added_at: datetime
    found: bool
    to_candidates: timedelta | None
    quality: float | None


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


def facts_of(offenders: QuerySet[Offender]) -> list[Fact]:
    """One row per offender, in one query."""
    fields = ("submission__campaign_id", "store_id", "offence", "value", "status_code", "declared_at")
    rows = with_status(offenders).order_by().values_list(*fields, "searched_at", "decision__decided_at")
    return [Fact(*row) for row in rows]


def still_facts_of(offenders: QuerySet[Offender]) -> list[StillFact]:
    """One row per still, in one query; only a declared offender's still was searched."""
    score = Cast(KeyTextTransform("unified_score", "chosen_face__quality"), FloatField())
    fields = ("offender__submission__campaign_id", "offender__store_id", "offender__offence")
    work = ("added_at", "work_state", "offender__declared_at", "work_queued_at", "work_finished_at")
    stills = Still.objects.filter(offender__in=offenders.order_by()).order_by()
    read = stills.values_list(*fields, *work, score)
    return [
        StillFact(
            campaign,
            store,
            offence,
            added_at,
            state == WorkState.DONE,
            finished - queued if declared and finished and state == WorkState.DONE else None,
            quality,
        )
        for campaign, store, offence, added_at, state, declared, queued, finished, quality in read
    ]


def totals(facts: Iterable[Fact]) -> list[Total]:
    """Counts of the statuses that occur, in the order of a report's way."""
    counts = Counter(fact.status for fact in facts)
    return [Total(code, WORDS[code][0], counts[code]) for code in sorted(counts, key=WAY.index)]


def figures_of(facts: Sequence[Fact], stills: Iterable[StillFact]) -> Figures:
    """Numbers of some offenders and their stills."""
    return Figures(
        offenders=len(facts),
        sent=sum(fact.declared_at is not None for fact in facts),
        searched=sum(fact.searched_at is not None for fact in facts),
        decided=sum(fact.status in TOLD for fact in facts),
        identified=sum(fact.status == Outcome.IDENTIFIED for fact in facts),
        value=sum((fact.value for fact in facts if fact.value is not None), Decimal()),
        to_candidates=_median(still.to_candidates for still in stills),
        to_outcome=_median(fact.to_outcome for fact in facts),
    )


def _median(lengths: Iterable[timedelta | None]) -> timedelta | None:
    seconds = [length.total_seconds() for length in lengths if length is not None]
    return timedelta(seconds=median(seconds)) if seconds else None


def lines(
    facts: Sequence[Fact], stills: Sequence[StillFact], by: str, names: Sequence[tuple[Hashable, str, str]]
) -> list[Line]:
    """Figures of every named group that has an offender; `by` is a field, names are (value, label, query)."""
    grouped: dict[Hashable, tuple[list[Fact], list[StillFact]]] = {}
    for fact in facts:
        grouped.setdefault(getattr(fact, by), ([], []))[0].append(fact)
    for still in stills:
        grouped.setdefault(getattr(still, by), ([], []))[1].append(still)
    there = [name for name in names if name[0] in grouped]
    return [Line(label, query, figures_of(*grouped[value])) for value, label, query in there]


def value_by_status(facts: Iterable[Fact]) -> list[tuple[Total, Decimal]]:
    """The loss reported, in pounds, by status; statuses without a value are left out."""
    sums: dict[str, Decimal] = {}
    for fact in facts:
        if fact.value:
            sums[fact.status] = sums.get(fact.status, Decimal()) + fact.value
    return [(Total(code, WORDS[code][0], 0), sums[code]) for code in sorted(sums, key=WAY.index)]


# --- how good the stills are ----------------------------------------------------------------------
@dataclass(frozen=True)
class Month:
    """The stills that came in one month; `quality` is the median unified score of their faces."""

    first: date
    stills: int
    with_face: int
    good: int
    quality: float | None


def months(stills: Iterable[StillFact]) -> list[Month]:
    """The last twelve months with stills, oldest first."""
    grouped: dict[date, list[StillFact]] = {}
    for still in stills:
        grouped.setdefault(timezone.localdate(still.added_at).replace(day=1), []).append(still)
    return [_month(first, grouped[first]) for first in sorted(grouped)[-MONTHS:]]


def _month(first: date, stills: Sequence[StillFact]) -> Month:
    scores = [still.quality for still in stills if still.quality is not None]
    good = sum(score >= GOOD_QUALITY for score in scores)
    found = sum(still.found for still in stills)
    return Month(first, len(stills), found, good, median(scores) if scores else None)


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
