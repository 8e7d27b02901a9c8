"""What a retailer's reports come to: counted, summed and halved by the database, in one query each.

The dashboard and the API both take their figures from here. Words and order are theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db.models import (
    Case,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncMonth

from portal.groupings import WHOLE, Asked, grouped, length, money
from portal.reviews.states import Outcome
from portal.reviews.status import with_code
from portal.searches.models import Search
from portal.submissions.models import Offender
from portal.work import WorkState

GOOD_QUALITY = 36.0  # unified score; the edge of the calibration's best stratum (docs/evaluation.md)
CAMPAIGN, STORE, OFFENCE, STATUS, MONTH = "of_campaign", "of_store", "of_offence", "of_status", "of_month"


@dataclass(frozen=True)
class OffenderTally:
    """Some offenders: how many got how far, the loss in pounds, the median time from sent to the outcome."""

    offenders: int
    sent: int
    searched: int
    decided: int
    identified: int
    value: Decimal | None
    to_outcome: timedelta | None


@dataclass(frozen=True)
class StillTally:
    """Some stills; medians of the time to candidates and of the faces' unified score (0..100)."""

    stills: int
    with_face: int
    good: int
    to_candidates: timedelta | None
    quality: float | None


Tally = TypeVar("Tally", OffenderTally, StillTally)


@dataclass(frozen=True)
class Tallies(Generic[Tally]):
    """All of them, and by grouping and value; the value is text, None where an offender has none."""

    whole: Tally
    by: Mapping[str, Mapping[str | None, Tally]]


def offender_tallies(offenders: QuerySet[Offender]) -> Tallies[OffenderTally]:
    """By campaign, store and offence (their ids), and by the code of the status."""
    facts = with_code(offenders).values(
        **_groups(),
        of_status=F("status_code"),
        sent_at=F("declared_at"),
        seen_at=_some_search(),
        told_at=F("decision__decided_at"),  # set exactly while there is an outcome
        named=_one_where(Q(decision__outcome=Outcome.IDENTIFIED)),
        loss=F("value"),
        waited=_between("declared_at", "decision__decided_at"),
    )
    asked = Asked(
        by=(CAMPAIGN, STORE, OFFENCE, STATUS),
        counts=("sent_at", "seen_at", "told_at", "named"),
        sums=("loss",),
        medians=("waited",),
    )
    return _tallies(grouped(facts, asked), _of_offenders)


def still_tallies(offenders: QuerySet[Offender]) -> Tallies[StillTally]:
    """Of the offenders' stills, by campaign, store and offence, and by the first day of the month they came.

    Only a declared offender's still was searched.
    """
    score = Cast(KeyTextTransform("unified_score", "stills__chosen_face__quality"), FloatField())
    searched = Q(declared_at__isnull=False, stills__work_state=WorkState.DONE)
    stills = offenders.filter(stills__isnull=False).annotate(score=score)
    facts = stills.values(
        "score",
        **_groups(),
        of_month=TruncMonth("stills__added_at"),
        found=_one_where(Q(stills__work_state=WorkState.DONE)),
        took=Case(When(searched, then=_between("stills__work_queued_at", "stills__work_finished_at"))),
    )
    asked = Asked(
        by=(CAMPAIGN, STORE, OFFENCE, MONTH),
        counts=("found",),
        reaching=(("score", GOOD_QUALITY),),
        medians=("took", "score"),
    )
    return _tallies(grouped(facts, asked), _of_stills)


def _some_search() -> Subquery:
    """Of an offender that was searched, when: only counted, so that the newest need not be looked for."""
    searches = Search.objects.filter(still__offender=OuterRef("pk"), extends=None).order_by()
    return Subquery(searches.values("at")[:1])


def _groups() -> dict[str, F]:
    return {CAMPAIGN: F("submission__campaign_id"), STORE: F("store_id"), OFFENCE: F("offence")}


def _one_where(condition: Q) -> Case:
    return Case(When(condition, then=Value(1)), output_field=IntegerField())


def _between(begun: str, done: str) -> Combinable:
    return ExpressionWrapper(F(done) - F(begun), output_field=DurationField())


def _tallies(found: Any, of: Any) -> Tallies[Any]:
    by = {name: {value: of(numbers) for value, numbers in groups.items()} for name, groups in found.items()}
    return Tallies(by.pop(WHOLE)[None], by)


def _of_offenders(numbers: tuple[Any, ...]) -> OffenderTally:
    offenders, sent, searched, decided, identified, loss, waited = numbers
    return OffenderTally(offenders, sent, searched, decided, identified, money(loss), length(waited))


def _of_stills(numbers: tuple[Any, ...]) -> StillTally:
    stills, with_face, good, took, score = numbers
    return StillTally(stills, with_face, good, length(took), score)
