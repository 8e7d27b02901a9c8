"""What the queue and the progress pages show: counts that add up, and the list behind them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, QuerySet

from portal.accounts.models import User
from portal.reviews.models import Decision
from portal.reviews.queries import decisions_for, queue_depth, waiting_for
from portal.reviews.states import MAY_TAKE, DecisionState, Outcome, Stage
from portal.searches.models import Search
from portal.submissions.models import Offender

WITH_OFFICERS = (DecisionState.FIRST_OPEN, DecisionState.SECOND_OPEN, DecisionState.ADJUDICATION_OPEN)


@dataclass(frozen=True)
class Standing:
    """One number of the queue, and the filter that lists what it counts."""

    label: str
    number: int
    state: str


@dataclass(frozen=True)
class Depth:
    """All offenders of the force: every one is in exactly one of `counts`."""

    counts: Sequence[Standing]
    not_ready: int
    total: int


@dataclass
class Progress:
    """One retailer's offenders by where they stand; the parts sum up to `sent`."""

    retailer: str
    sent: int = 0
    checking: int = 0
    waiting: int = 0
    in_review: int = 0
    decided: int = 0
    identified: int = 0
    states: dict[str, int] = field(default_factory=dict)


def declared_offenders(user: User) -> QuerySet[Offender]:
    """Every declared offender of the officer's force."""
    return Offender.objects.filter(
        submission__campaign__force=user.organisation_id, declared_at__isnull=False
    )


def depth_for(user: User) -> Depth:
    """How many offenders stand where."""
    by_state = queue_depth(user)
    counts = [Standing(state.label, by_state[state], state.value) for state in DecisionState]
    not_ready = declared_offenders(user).filter(decision=None).count()
    return Depth(counts, not_ready, not_ready + sum(by_state.values()))


def takeable(user: User) -> dict[Stage, int]:
    """How many this officer may take, by stage; only the stages of the officer's role."""
    return {stage: waiting_for(user, stage).count() for stage in Stage if user.role in MAY_TAKE[stage]}


def progress_by_retailer(user: User) -> list[Progress]:
    """Where each retailer's offenders stand, most waiting first; one query."""
    rows = (
        declared_offenders(user)
        .order_by()
        .values_list("submission__retailer__name", "decision__state", "decision__outcome")
        .annotate(Count("pk"))
    )
    found: dict[str, Progress] = {}
    for name, state, outcome, number in rows:
        one = found.setdefault(name, Progress(name))
        one.sent += number
        if state is None:
            one.checking += number
        elif state == DecisionState.DECIDED:
            one.decided += number
            one.identified += number if outcome == Outcome.IDENTIFIED else 0
        elif state in WITH_OFFICERS:
            one.in_review += number
        else:
            one.waiting += number
    return sorted(found.values(), key=lambda one: (-one.waiting, one.retailer))


def listed_decisions(user: User) -> QuerySet[Decision]:
    """Decisions with what a row of the queue shows, longest in their state first."""
    searches = Search.objects.filter(still__offender=OuterRef("offender"))
    return (
        decisions_for(user)
        .select_related("offender__submission__retailer", "offender__submission__campaign", "offender__store")
        .annotate(stills=Count("offender__stills"), searched=Exists(searches))
        .order_by("entered_at", "pk")
    )


def without_usable_face(user: User) -> QuerySet[Decision]:
    """Offenders waiting for a first review none of whose stills led to a search."""
    if user.role not in MAY_TAKE[Stage.FIRST]:
        return Decision.objects.none()
    waiting = waiting_for(user, Stage.FIRST).values("pk")
    searches = Search.objects.filter(still__offender=OuterRef("offender"))
    return listed_decisions(user).filter(~Exists(searches), pk__in=waiting)
