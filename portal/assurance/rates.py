"""How good reviewers are: what their checks and later truth say, with the uncertainty of so many cases."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery

from portal.accounts.models import Organisation, User
from portal.assurance.models import CheckResult, LaterTruth
from portal.assurance.queries import real_decisions
from portal.assurance.states import Grade, TruthKind
from portal.assurance.statistics import Drift, Rate, drift
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome, Stage

WINDOW = 30  # newest results that are compared with all before
NAMED = "Named the wrong person"
NOT_FOUND = "Did not find the person in the list"


@dataclass(frozen=True)
class Accuracy:
    """Errors in checks. A review that drew no conclusion is counted apart: it is neither right nor wrong.

    `missed`: of the concluded reviews whose list held the person, those that did not name them.
    `wrong`: of all concluded reviews, those that named somebody else.
    """

    missed: Rate
    wrong: Rate
    undecided: Rate
    checks: int


def _missed(result: CheckResult) -> bool | None:
    """None where it could not have been missed."""
    if not result.listed or result.grade == Grade.UNDECIDED:
        return None
    return result.grade != Grade.FOUND


def _wrong(result: CheckResult) -> bool | None:
    return None if result.grade == Grade.UNDECIDED else result.grade == Grade.WRONG_PERSON


def _events(results: Iterable[CheckResult], of: Callable[[CheckResult], bool | None]) -> list[bool]:
    return [event for event in map(of, results) if event is not None]


def _rate(events: Sequence[bool]) -> Rate:
    return Rate(sum(events), len(events))


def accuracy(results: Sequence[CheckResult]) -> Accuracy:
    """The errors in some results."""
    undecided = [one.grade == Grade.UNDECIDED for one in results]
    missed, wrong = _events(results, _missed), _events(results, _wrong)
    return Accuracy(_rate(missed), _rate(wrong), _rate(undecided), len(results))


def results_of_force(force: Organisation | int | None) -> QuerySet[CheckResult]:
    """Every result in a force's room, oldest first."""
    return CheckResult.objects.filter(check_taken__force=force).select_related("reviewer")


def results_shown_to(user: User) -> QuerySet[CheckResult]:
    """A reviewer's own results, once the check is decided: before that a colleague still has it to do."""
    mine = CheckResult.objects.filter(reviewer=user, review__decision__state=DecisionState.DECIDED)
    return mine.select_related("review", "check_taken__offender")


@dataclass(frozen=True)
class Warned:
    """An error rate that has moved: whose, of which kind, from where to where."""

    who: str
    what: str
    drift: Drift


def drifts(results: Sequence[CheckResult], who: str) -> list[Warned]:
    """Error rates of the newest WINDOW results whose 95 % interval leaves out the rate before."""
    kinds = ((NOT_FOUND, _missed), (NAMED, _wrong))
    found = [(what, drift(_events(results, of), window=WINDOW)) for what, of in kinds]
    return [Warned(who, what, moved) for what, moved in found if moved]


def drifts_in(force: Organisation | int | None) -> list[Warned]:
    """The room's drift and each reviewer's; one query."""
    results = list(results_of_force(force))
    by_reviewer: dict[str, list[CheckResult]] = {}
    for one in results:
        by_reviewer.setdefault(one.reviewer.name, []).append(one)
    found = drifts(results, "The room")
    for name, own in sorted(by_reviewer.items()):
        found += drifts(own, name)
    return found


@dataclass(frozen=True)
class StageAccuracy:
    """Errors at one stage."""

    stage: str
    accuracy: Accuracy


def by_stage(results: Sequence[CheckResult]) -> list[StageAccuracy]:
    """First, second review and adjudication by themselves."""
    return [
        StageAccuracy(str(stage.label), accuracy([one for one in results if one.stage == stage]))
        for stage in Stage
    ]


# --- later truth ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class LaterTruths:
    """What became known of identifications, each by its newest entry."""

    identified: int
    known: int
    wrong: Rate
    counts: list[tuple[str, int]]


def with_later_truth(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Decisions annotated with `truth`: the kind of the newest entry, None where nothing is known.

    An entry about another subject than the one identified now (a decision reopened since) does not count.
    """
    newest = LaterTruth.objects.filter(decision=OuterRef("pk"), subject_uid=OuterRef("subject_uid"))
    return decisions.annotate(truth=Subquery(newest.order_by("-pk").values("kind")[:1]))


def later_truths(decisions: QuerySet[Decision] | None = None) -> LaterTruths:
    """Of the identified ones among real decisions; `wrong` of those of which something became known."""
    rows = real_decisions() if decisions is None else decisions
    identified = rows.filter(state=DecisionState.DECIDED, outcome=Outcome.IDENTIFIED)
    rows_of_kind = with_later_truth(identified).order_by().values_list("truth")  # type: ignore[misc]
    kinds: dict[str | None, int] = dict(rows_of_kind.annotate(number=Count("pk")))
    counts = {kind: kinds.get(kind.value, 0) for kind in TruthKind}
    known = sum(counts.values())
    wrong = counts[TruthKind.WRONG_PERSON] + counts[TruthKind.ELIMINATED]
    named = [(str(kind.label), number) for kind, number in counts.items()]
    return LaterTruths(sum(kinds.values()), known, Rate(wrong, known), named)
