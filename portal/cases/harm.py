"""The prolific list: whom to look for first, by points that everybody can check.

The weights are a stated choice of policy, not a measurement: they order work and say nothing about guilt.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Case as Choose
from django.db.models import (
    Count,
    DecimalField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Floor, Least

from portal.accounts.models import User
from portal.cases.models import Case, CaseOffence, Membership, Series
from portal.cases.states import CaseState


@dataclass(frozen=True)
class Weight:
    """What one offence adds, and for what."""

    points: int
    what: str


REPORTED = Weight(3, "each offence reported")
EACH_FIFTY = Weight(1, "each full £50 of goods, at most 10 an offence")
VIOLENCE = Weight(10, "violence was used")
WEAPON = Weight(8, "a weapon was seen or used")
HATE = Weight(6, "felt to be a hate crime")
THREATS = Weight(4, "threats were made")
WEIGHTS = (REPORTED, EACH_FIFTY, VIOLENCE, WEAPON, HATE, THREATS)
STEP, MOST_FOR_VALUE = 50, 10
TIES = "Equal points share a place. Within it the larger value stands first, then who has been known longer."


@dataclass(frozen=True)
class Totals:
    """What the offences of one person come to."""

    points: int
    value: Decimal
    offences: int
    retailers: int


@dataclass(frozen=True)
class Ranked:
    """A person of the list: an identified one's case, or a series nobody has identified yet."""

    place: int
    shared: bool
    totals: Totals
    case: Case | None
    series: Series | None


# --- points ---------------------------------------------------------------------------------------
def _given(condition: Q, weight: Weight) -> Choose:
    return Choose(When(condition, then=Value(weight.points)), default=Value(0), output_field=IntegerField())


def _totals(rows: QuerySet[Any], group: str) -> dict[int, Totals]:
    """Points and sums of case offences or memberships, by what they belong to; one query."""
    value = Coalesce(F("offender__value"), Value(Decimal(0)), output_field=DecimalField())
    for_value = Least(Cast(Floor(value / STEP), IntegerField()), Value(MOST_FOR_VALUE)) * EACH_FIFTY.points
    points = (
        Value(REPORTED.points)
        + for_value
        + _given(Q(offender__violence=True), VIOLENCE)
        + _given(~Q(offender__weapon=""), WEAPON)
        + _given(Q(offender__hate_element=True), HATE)
        + _given(Q(offender__threats=True), THREATS)
    )
    found = (
        rows.order_by()
        .values(group)
        .annotate(
            points=Sum(points, output_field=IntegerField()),
            worth=Sum(value, output_field=DecimalField()),
            number=Count("pk"),
            retailers=Count("offender__submission__retailer", distinct=True),
        )
    )
    sums = found.values_list(group, "points", "worth", "number", "retailers")
    return {pk: Totals(*rest) for pk, *rest in sums}


def case_totals(user: User) -> dict[int, Totals]:
    """Of every case in progress of the officer's force."""
    standing = CaseOffence.objects.filter(removed_at=None, case__force=user.organisation_id)
    return _totals(standing.exclude(case__state=CaseState.CONCLUDED), "case")


def series_totals(user: User) -> dict[int, Totals]:
    """Of every series of the officer's force of whom nobody stands in a case."""
    placed = CaseOffence.objects.filter(removed_at=None, offender__memberships__series=OuterRef("series"))
    held = Membership.objects.filter(~Exists(placed), until=None, series__force=user.organisation_id)
    return _totals(held, "series")


def totals_of(case: Case) -> Totals:
    """Of one case."""
    standing = CaseOffence.objects.filter(removed_at=None, case=case)
    return _totals(standing, "case").get(case.pk, Totals(0, Decimal(0), 0, 0))


# --- the list -------------------------------------------------------------------------------------
def ranked(user: User, *, readable: QuerySet[Case]) -> list[Ranked]:
    """Everybody, most harm first: identified people's cases (`readable` ones) and series; four queries."""
    cases, series = case_totals(user), series_totals(user)
    people: list[tuple[Totals, datetime, Case | None, Series | None]]
    people = [(cases[one.pk], one.opened_at, one, None) for one in readable.filter(pk__in=cases)]
    people += [(series[one.pk], one.made_at, None, one) for one in Series.objects.filter(pk__in=series)]
    people.sort(key=lambda row: (-row[0].points, -row[0].value, row[1]))
    found: list[Ranked] = []
    for _, run in groupby(people, key=lambda row: row[0].points):
        equal, place = list(run), len(found) + 1
        found += [Ranked(place, len(equal) > 1, totals, case, of) for totals, _, case, of in equal]
    return found
