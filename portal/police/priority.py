"""Who is looked at first: one sum of points, computed by the database, its parts shown beside each offender.

    violence used        30      footage overwritten (or, where no date is given, 28 days after the incident)
    weapon               25          within 2 days   25
    threats, no violence 15          within 7 days   18
    loss       1 per £50, at most 20 within 14 days  10
    waiting    2 per whole day in this step

Days count without end, so that nothing waits for ever. Equal sums: whoever has waited longest in the step.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any

from django.db.models import (
    Case,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Floor, Greatest, Least
from django.utils import timezone

from portal.reviews.models import Decision

VIOLENCE, WEAPON, THREATS = 30, 25, 15
CLOCK = ((2, 25), (7, 18), (14, 10))  # days left, points
KEPT_DAYS = 28  # where a retailer does not say: shops overwrite after about a month
POUNDS_A_POINT, MOST_FOR_LOSS = 50, 20
POINTS_A_DAY = 2
HIGH, RAISED = 50, 25
BANDS = {"high": f"High ({HIGH} or more)", "raised": f"Raised ({RAISED} to {HIGH - 1})", "normal": "Normal"}
NAMES = {
    "violence": "violence",
    "weapon": "weapon",
    "threats": "threats",
    "clock": "footage",
    "loss": "loss",
    "waiting": "waiting",
}


class WholeDaysSince(Func):
    """Whole days from a moment until now, by the database's clock."""

    output_field = IntegerField()
    # The difference of two moments comes in days of 24 hours and a rest; EXTRACT would reckon in decimals.
    template = "CAST(DATE_PART('day', CURRENT_TIMESTAMP - %(expressions)s) AS integer)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite has no DATE_PART."""
        days = "CAST(julianday('now') - julianday(%(expressions)s) AS integer)"
        return self.as_sql(compiler, connection, template=days, **context)


def _points(*cases: tuple[Q, int]) -> Case:
    whens = [When(condition, then=Value(points)) for condition, points in cases]
    return Case(*whens, default=Value(0), output_field=IntegerField())


def _clock() -> Case:
    """By the date that was said, else by the likely one."""
    begun = timezone.now() - timedelta(days=KEPT_DAYS)
    likely = When(offender__footage_until=None, then=_left("offender__started_at", begun))
    said = _left("offender__footage_until", timezone.localdate())
    return Case(likely, default=said, output_field=IntegerField())


def _left(field: str, now: datetime | date) -> Case:
    # What is over comes first: in a long queue that is nearly everything, and one comparison settles it.
    over = (Q(**{f"{field}__lt": now}), 0)
    return _points(
        over, *((Q(**{f"{field}__lte": now + timedelta(days=days)}), points) for days, points in CLOCK)
    )


def parts() -> dict[str, Combinable]:
    """The terms of the sum, as expressions on decisions."""
    armed = ~Q(offender__weapon="")
    # Whole pounds first: dividing decimals takes the database several times as long.
    pounds = Cast(Floor(Coalesce(F("offender__value"), 0)), IntegerField())
    return {
        "violence": _points((Q(offender__violence=True), VIOLENCE)),
        "weapon": _points((armed, WEAPON)),
        "threats": _points((Q(offender__threats=True, offender__violence=False), THREATS)),
        "clock": _clock(),
        "loss": Least(pounds / POUNDS_A_POINT, Value(MOST_FOR_LOSS), output_field=IntegerField()),
        # Clocks of two machines may differ: nobody has waited less than nothing.
        "waiting": Greatest(WholeDaysSince(F("entered_at")), Value(0)) * POINTS_A_DAY,
    }


def by_priority(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Ordered by the sum, highest first; annotated with it as `priority`."""
    total = reduce(add, parts().values())
    return decisions.annotate(priority=total).order_by("-priority", "entered_at", "pk")


def explained(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Annotated with each part of the sum as `points_…`, for parts_of()."""
    return decisions.annotate(**{f"points_{name}": term for name, term in parts().items()})


def in_band(decisions: QuerySet[Decision], band: str) -> QuerySet[Decision]:
    """Those of by_priority() in a band of BANDS; all of them for any other word."""
    limits = {"high": Q(priority__gte=HIGH), "normal": Q(priority__lt=RAISED)}
    limits["raised"] = Q(priority__gte=RAISED, priority__lt=HIGH)
    return decisions.filter(limits[band]) if band in limits else decisions


@dataclass(frozen=True)
class Part:
    """One term of an offender's sum that is not zero."""

    name: str
    points: int


def parts_of(decision: Decision) -> list[Part]:
    """Why a row of explained() stands where it stands."""
    found = [Part(label, getattr(decision, f"points_{name}", 0)) for name, label in NAMES.items()]
    return [part for part in found if part.points]


def band_of(priority: int) -> str:
    """The code of the band a sum lies in."""
    return "high" if priority >= HIGH else "raised" if priority >= RAISED else "normal"
