"""What decisions say together: time, agreement, changes, outcomes by quality and group, places, errors.

Every figure rests on real decisions and reviews; known-answer checks stand in figures of their own.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import (
    CharField,
    Count,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils import timezone

from matching.evaluation import QUALITY_EDGES
from portal.accounts.models import User
from portal.assurance.models import CheckResult
from portal.assurance.queries import real_decisions, real_reviews
from portal.assurance.rates import accuracy, by_stage, later_truths, results_of_force
from portal.assurance.statistics import FEWEST, Kappa, Rate, kappa, spread
from portal.assurance.templatetags.rates import agreement, percent, share, span
from portal.charts import BarChart, bar_chart
from portal.oversight.spans import within
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.states import DecisionState, Outcome, ReviewState, Stage, Verdict
from portal.searches.models import Search
from portal.submissions.models import Campaign

USUAL = timedelta(days=90)
FEW = f"fewer than {FEWEST}"
SHOWN_PLACES = ((1, 5), (6, 10), (11, 20), (21, 200))
RANKS = ((1, 1), (2, 5), (6, 10), (11, 20), (21, 200))
NOT_RECORDED = "not recorded"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Asked:
    """What the page is narrowed to."""

    viewer: User
    begin: date
    end: date
    campaign: Campaign | None = None
    reviewer: User | None = None


@dataclass(frozen=True)
class Figure:
    """One figure: a table, what it says in words, and a chart where one helps."""

    code: str
    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    chart: BarChart | None = None


def asked_by(viewer: User, given: Mapping[str, Any]) -> Asked:
    """From a form's cleaned data; the last 90 days where nothing is said."""
    end = given.get("end") or timezone.localdate()
    begin = given.get("begin") or end - USUAL
    return Asked(viewer, begin, end, given.get("campaign"), given.get("reviewer"))


# --- what is counted ------------------------------------------------------------------------------
def decisions_of(asked: Asked) -> QuerySet[Decision]:
    """Decided ones in the span of time."""
    found = real_decisions().filter(
        force=asked.viewer.organisation_id,
        state=DecisionState.DECIDED,
        **within("decided_at", asked.begin, asked.end),
    )
    if asked.campaign:
        found = found.filter(offender__submission__campaign=asked.campaign)
    if asked.reviewer:
        people = ("first_reviewer", "second_reviewer", "adjudicator")
        took_part = Q(*((name, asked.reviewer) for name in people), _connector=Q.OR)
        found = found.filter(took_part)
    return found


def reviews_of(asked: Asked, *, anybody: bool = False) -> QuerySet[Review]:
    """Completed reviews in the span of time; `anybody`: whoever made them."""
    found = real_reviews().filter(
        decision__force=asked.viewer.organisation_id,
        state=ReviewState.COMPLETE,
        **within("completed_at", asked.begin, asked.end),
    )
    if asked.campaign:
        found = found.filter(decision__offender__submission__campaign=asked.campaign)
    return found if anybody or not asked.reviewer else found.filter(reviewer=asked.reviewer)


def _seconds(asked: Asked) -> QuerySet[Review]:
    """Second reviews whose pair the reviewer asked for is one of."""
    found = reviews_of(asked, anybody=True).filter(stage=Stage.SECOND)
    if asked.reviewer:
        found = found.filter(Q(reviewer=asked.reviewer) | Q(decision__first_reviewer=asked.reviewer))
    return found


# --- figures --------------------------------------------------------------------------------------
def _times(asked: Asked) -> Figure:
    spans: dict[str, list[float]] = {stage: [] for stage in Stage}
    for stage, begun, done in reviews_of(asked).values_list("stage", "claimed_at", "completed_at"):
        if done is not None:
            spans[stage].append((done - begun).total_seconds() / 60)
    found = [(Stage(stage).label, spread(minutes)) for stage, minutes in spans.items()]
    rows = [
        (label, one.count, *(_minutes(value) for value in (one.middle, one.lower, one.upper)))
        for label, one in found
    ]
    return Figure(
        "time",
        "Time per review",
        "Minutes from taking an offender to the conclusion; half of the reviews lie between the quartiles.",
        ("Step", "Reviews", "Median", "Lower", "Upper"),
        rows,
        bar_chart([(str(label), one.middle or 0.0) for label, one in found], form="{:.1f} min"),
    )


def _minutes(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _agreement(asked: Asked) -> Figure:
    return Figure(
        "agreement",
        "Agreement of first and second review",
        "Cohen’s kappa: 1 is full agreement, 0 what chance alone would give; in brackets its 95 % interval. "
        "Candidates are compared by their blind judgements.",
        ("What", "Pairs", "Agreed", "Kappa"),
        [_agreed("Candidates", kappa(_candidate_pairs(asked))), _agreed("Outcomes", kappa(_outcomes(asked)))],
    )


def _agreed(label: str, found: Kappa) -> tuple[object, ...]:
    rate = Rate(found.agreed, found.total)
    return (label, found.total, percent(rate.share), agreement(found))


def _candidate_pairs(asked: Asked) -> dict[tuple[Any, Any], int]:
    first = Judgement.objects.filter(
        review__decision=OuterRef("review__decision"),
        review__round=OuterRef("review__round"),
        review__stage=Stage.FIRST,
        review__state=ReviewState.COMPLETE,
        subject_uid=OuterRef("subject_uid"),
    ).order_by()
    rows = (
        Judgement.objects.filter(review__in=_seconds(asked))
        .annotate(first=Subquery(first.values("blind")[:1]))
        .exclude(first=None)
        .order_by()
        .values_list("first", "blind")
        .annotate(Count("pk"))
    )
    return {(one, two): number for one, two, number in rows}


def _outcomes(asked: Asked) -> dict[tuple[Any, Any], int]:
    first = Review.objects.filter(
        decision=OuterRef("decision"),
        round=OuterRef("round"),
        stage=Stage.FIRST,
        state=ReviewState.COMPLETE,
    ).order_by()
    rows = (
        _seconds(asked)
        .annotate(first=Subquery(first.values("outcome")[:1]))
        .exclude(first=None)
        .order_by()
        .values_list("first", "outcome")
        .annotate(Count("pk"))
    )
    return {(one, two): number for one, two, number in rows}


def _changes(asked: Asked) -> Figure:
    reviews = reviews_of(asked).exclude(stage=Stage.ADJUDICATION)
    judged = Judgement.objects.filter(review__in=reviews)
    found = judged.aggregate(
        judged=Count("pk"),
        changed=Count("pk", filter=~Q(after="")),
        reviews=Count("review", distinct=True, filter=~Q(after="")),
    )
    rates = (
        ("Judgements", Rate(found["changed"], found["judged"])),
        ("Reviews with a change", Rate(found["reviews"], reviews.count())),
    )
    return Figure(
        "changes",
        "Changed after the reveal",
        "How often seeing score, rank and record changed a judgement that was made blind.",
        ("What", "Changed", "95 % interval"),
        [(label, share(rate), span(rate.interval)) for label, rate in rates],
    )


def _decided(asked: Asked) -> list[Figure]:
    """Outcomes, and outcomes by quality: the same decisions, read once."""
    best = Search.objects.filter(still__offender=OuterRef("offender"))
    best = best.annotate(score=Cast(NullIf(KT("quality__unified_score"), Value("")), FloatField()))
    best = best.exclude(score=None).order_by("-score")
    rows = decisions_of(asked).annotate(best=Subquery(best.values("score")[:1]))
    names = _strata()
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*names, NOT_MEASURED)}
    for score, outcome in rows.values_list("best", "outcome"):
        stratum = NOT_MEASURED if score is None else names[bisect_right(QUALITY_EDGES, score)]
        counts[stratum][outcome] += 1
    return [_by_outcome(sum(counts.values(), Counter())), _by_quality(counts)]


def _by_outcome(counts: Counter[str]) -> Figure:
    total = sum(counts.values())
    rows = [(one.label, counts[one], percent(Rate(counts[one], total).share)) for one in Outcome]
    return Figure(
        "outcomes",
        "Outcomes",
        f"{total} offenders decided.",
        ("Outcome", "Offenders", "Share"),
        rows,
        bar_chart([(str(one.label), counts[one]) for one in Outcome]),
    )


def _by_quality(counts: Mapping[str, Counter[str]]) -> Figure:
    shown = (Outcome.IDENTIFIED, Outcome.NO_MATCH, Outcome.INCONCLUSIVE)
    return Figure(
        "quality",
        "Outcome by quality of the best still",
        f"Unified quality, 0 to 100. Groups of {FEW} are not broken down.",
        ("Quality", "Offenders", *(str(one.label) for one in shown), "Other"),
        [_broken_down(name, counts[name], shown) for name in counts],
    )


def _strata() -> list[str]:
    low, high = QUALITY_EDGES
    return [f"below {low:.0f}", f"{low:.0f} to {high:.0f}", f"above {high:.0f}"]


def _broken_down(name: str, counts: Counter[str], shown: Sequence[Outcome]) -> tuple[object, ...]:
    total = sum(counts.values())
    if total < FEWEST:
        return (name, FEW if total else 0, *("–" for _ in shown), "–")
    parts = [counts[one] for one in shown]
    return (name, total, *(percent(part / total) for part in parts), percent((total - sum(parts)) / total))


def _by_group(asked: Asked) -> list[Figure]:
    return [
        _group(asked, "sex", "Candidates by sex, as recorded"),
        _group(asked, "ethnicity", "Candidates by ethnicity, as recorded"),
    ]


def _group(asked: Asked, name: str, title: str) -> Figure:
    reviews = reviews_of(asked).exclude(stage=Stage.ADJUDICATION)
    group = Coalesce(
        NullIf(F(f"candidate__subject__{name}"), Value("")), Value(NOT_RECORDED), output_field=CharField()
    )
    rows = (
        Judgement.objects.filter(review__in=reviews)
        .annotate(group=group)
        .order_by()
        .values_list("group")
        .annotate(
            shown=Count("pk"),
            possible=Count("pk", filter=Q(blind=Verdict.POSSIBLE)),
            named=Count("pk", filter=Q(review__subject_uid=F("subject_uid"))),
        )
    )
    return Figure(
        name,
        title,
        f"How often a candidate of the group was judged possible while nothing was known of them, and named. "
        f"Groups of {FEW} candidates are not shown in numbers.",
        ("Group", "Candidates shown", "Judged possible (blind)", "95 % interval", "Named in a conclusion"),
        [_group_row(*row) for row in sorted(rows)],
    )


def _group_row(group: str, shown: int, possible: int, named: int) -> tuple[object, ...]:
    if shown < FEWEST:
        return (group, FEW, "–", "–", "–")
    rate = Rate(possible, shown)
    return (group, shown, share(rate), span(rate.interval), share(Rate(named, shown)))


def _places(asked: Asked) -> list[Figure]:
    named = Judgement.objects.filter(
        review__in=reviews_of(asked).filter(outcome=Outcome.IDENTIFIED).exclude(stage=Stage.ADJUDICATION),
        subject_uid=F("review__subject_uid"),
    )
    pairs: list[tuple[int, int | None]] = list(named.values_list("position", "candidate__rank"))
    shown = _binned([place for place, _ in pairs], SHOWN_PLACES)
    ranks = _binned([rank for _, rank in pairs if rank is not None], RANKS)
    return [
        _place_figure(
            "position",
            "Place of the named candidate in the order shown",
            "Each officer’s order is random: places should come up by their share of the list.",
            shown,
        ),
        _place_figure(
            "rank",
            "Rank of the named candidate in the search",
            "Unknown to the officer until the blind judgement was saved.",
            ranks,
        ),
    ]


def _binned(places: Sequence[int], edges: Sequence[tuple[int, int]]) -> list[tuple[str, int]]:
    return [
        (f"{low}" if low == high else f"{low} to {high}", sum(low <= place <= high for place in places))
        for low, high in edges
    ]


def _place_figure(code: str, title: str, note: str, counts: list[tuple[str, int]]) -> Figure:
    return Figure(code, title, note, ("Place", "Named"), counts, bar_chart(counts))


def _checks(asked: Asked) -> list[Figure]:
    results = results_of_force(asked.viewer.organisation_id)
    found = results.filter(**within("reviewed_at", asked.begin, asked.end))
    if asked.campaign:
        found = found.filter(check_taken__offender__submission__campaign=asked.campaign)
    if asked.reviewer:
        found = found.filter(reviewer=asked.reviewer)
    rows = list(found)
    stages = [_errors(one.stage, one.accuracy) for one in by_stage(rows)]
    people = sorted({one.reviewer.name for one in rows})
    each = [_errors(name, accuracy(_of(rows, name))) for name in people]
    columns = ("Who", "Checks", "Did not find the person", "95 % interval", "Named the wrong person",
               "95 % interval", "No conclusion")  # fmt: skip
    note = (
        "Made-up or consented people whose answer is known, mixed into the queue. “Did not find”: of the "
        "concluded reviews whose list held the person. “Wrong person”: of all concluded reviews."
    )
    total = [_errors("The room", accuracy(rows))]
    return [
        Figure("checks", "Known-answer checks", note, columns, [*total, *stages]),
        Figure("checks_by_reviewer", "Known-answer checks by reviewer", "", columns, each),
    ]


def _of(results: Sequence[CheckResult], name: str) -> list[CheckResult]:
    return [one for one in results if one.reviewer.name == name]


def _errors(who: str, found: Any) -> tuple[object, ...]:
    return (
        who,
        found.checks,
        share(found.missed),
        span(found.missed.interval) if found.missed.total else "–",
        share(found.wrong),
        span(found.wrong.interval) if found.wrong.total else "–",
        found.undecided.count,
    )


def _truths(asked: Asked) -> Figure:
    found = later_truths(decisions_of(asked))
    rows = [(label, number) for label, number in found.counts]
    wrong = f"{share(found.wrong)}, {span(found.wrong.interval)}" if found.known else "nothing is known yet"
    return Figure(
        "truth",
        "What became known later",
        f"Of {found.identified} identified, something is known of {found.known}. "
        f"Eliminated or wrong person: {wrong}.",
        ("What became known", "Offenders"),
        rows,
    )


FIGURES: tuple[Callable[[Asked], Figure | list[Figure]], ...] = (
    _decided, _times, _agreement, _changes, _by_group, _places, _checks, _truths,
)  # fmt: skip


def figures(asked: Asked) -> list[Figure]:
    """Every figure of the page, in its order."""
    found: list[Figure] = []
    for make in FIGURES:
        made = make(asked)
        found += made if isinstance(made, list) else [made]
    return found


def flat(found: Sequence[Figure]) -> list[tuple[object, ...]]:
    """All figures as rows of one table: figure, row, column, value."""
    return [
        (figure.title, row[0], column, value)
        for figure in found
        for row in figure.rows
        for column, value in zip(figure.columns[1:], row[1:], strict=True)
    ]
