"""What the queue and the progress page show: counts that add up, and the list behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from portal.accounts.models import User
from portal.accounts.roles import REVIEWING_ROLES
from portal.police.priority import by_priority, explained, in_band
from portal.reviews.models import Decision, Review
from portal.reviews.queries import decisions_for, waiting_for
from portal.reviews.states import LIVE, MAY_TAKE, DecisionState, Outcome, Stage
from portal.searches.models import Search
from portal.submissions.genuine import genuine
from portal.submissions.models import Campaign, Offender, Submission
from portal.submissions.states import OffenceType

WITH_OFFICERS = (DecisionState.FIRST_OPEN, DecisionState.SECOND_OPEN, DecisionState.ADJUDICATION_OPEN)
FLAGS = {
    "violence": Q(offender__violence=True) | Q(offender__threats=True) | ~Q(offender__weapon=""),
    "footage": Q(offender__footage_until__isnull=False),
}


# What a row of the list shows: a report has fifty columns more.
SHOWN = (
    "uid", "state", "outcome", "entered_at", "decided_at", "offender__uid", "offender__offence",
    "offender__value", "offender__violence", "offender__threats", "offender__weapon",
    "offender__footage_until", "offender__submission__campaign__name",
)  # fmt: skip


@dataclass(frozen=True)
class Tab:
    """One part of the queue: its code in the address, its name, how many."""

    code: str
    label: str
    number: int


@dataclass(frozen=True)
class Tabs:
    """All declared offenders of the force. Each is in exactly one of `parts`, decided or not ready."""

    parts: Sequence[Tab]
    decided: int
    not_ready: int

    @property
    def open(self) -> int:
        """Waiting for somebody or with somebody."""
        return sum(part.number for part in self.parts)

    @property
    def total(self) -> int:
        """Everybody."""
        return self.open + self.decided + self.not_ready

    @property
    def links(self) -> list[Tab]:
        """The tabs of the page, in their order."""
        return [Tab("open", "Open", self.open), *self.parts, Tab("decided", "Decided", self.decided)]

    def number(self, code: str) -> int:
        """How many a tab holds."""
        return next(tab.number for tab in self.links if tab.code == code)


def _live_reviews(user: User | None = None) -> Exists:
    live = Review.objects.filter(decision=OuterRef("pk"), state__in=LIVE)
    return Exists(live.filter(reviewer=user) if user else live)


def of_tab(decisions: QuerySet[Decision], code: str, user: User) -> QuerySet[Decision]:
    """The decisions of one tab; "open" for any other word."""
    waiting = {
        "unassigned": DecisionState.AWAITING_FIRST,
        "second": DecisionState.AWAITING_SECOND,
        "disagreements": DecisionState.DISPUTED,
        "decided": DecisionState.DECIDED,
    }
    if code in waiting:
        return decisions.filter(state=waiting[code])
    with_officers = decisions.filter(state__in=WITH_OFFICERS)
    if code == "mine":
        return with_officers.filter(_live_reviews(user))
    if code == "colleagues":
        return with_officers.filter(~_live_reviews(user))
    return decisions.exclude(state=DecisionState.DECIDED)


def tabs_for(user: User) -> Tabs:
    """How many offenders are in each part, as this officer sees them; three queries.

    Who reviews nothing has no work of their own there, and nobody is their colleague.
    """
    by_state = dict(decisions_for(user).order_by().values_list("state").annotate(number=Count("*")))
    decided_on = Decision.objects.filter(offender=OuterRef("pk"))
    not_ready = declared_offenders(user).filter(~Exists(decided_on)).count()
    reviews = user.role in REVIEWING_ROLES
    mine = of_tab(decisions_for(user), "mine", user).count() if reviews else 0
    with_officers = sum(by_state.get(state, 0) for state in WITH_OFFICERS)
    parts = (
        *([Tab("mine", "My work", mine)] if reviews else []),
        Tab("unassigned", "Unassigned", by_state.get(DecisionState.AWAITING_FIRST, 0)),
        Tab("second", "Second reviews", by_state.get(DecisionState.AWAITING_SECOND, 0)),
        Tab("disagreements", "Disagreements", by_state.get(DecisionState.DISPUTED, 0)),
        Tab("colleagues", "With colleagues" if reviews else "With officers", max(0, with_officers - mine)),
    )
    return Tabs(parts, by_state.get(DecisionState.DECIDED, 0), not_ready)


def declared_offenders(user: User) -> QuerySet[Offender]:
    """Every declared offender of the officer's force."""
    return Offender.objects.filter(
        submission__campaign__force=user.organisation_id, declared_at__isnull=False
    )


# --- the list -------------------------------------------------------------------------------------
def narrowed(user: User, asked: Mapping[str, str]) -> QuerySet[Decision]:
    """The queue as an address asks for it (view, offence, band, campaign, flag), first things first.

    What the address says wrongly counts as not said. Decided ones: the newest first.
    """
    rows = of_tab(decisions_for(user), asked.get("view", ""), user)
    if asked.get("offence") in OffenceType.values:
        rows = rows.filter(offender__offence=asked["offence"])
    if campaign := _uuid(asked.get("campaign", "")):
        rows = rows.filter(offender__submission__campaign__uid=campaign)
    if flag := FLAGS.get(asked.get("flag", "")):
        rows = rows.filter(flag)
    rows = in_band(by_priority(rows), asked.get("band", ""))
    if asked.get("view") == "decided":
        return rows.order_by("-decided_at", "-pk")
    return rows.order_by("offender__footage_until", "pk") if asked.get("flag") == "footage" else rows


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def listed(decisions: Sequence[int]) -> list[Decision]:
    """Rows of the list for these ids, in their order, with everything a row shows; two queries."""
    searches = Search.objects.filter(still__offender=OuterRef("offender"))
    found = explained(Decision.objects.filter(pk__in=decisions)).annotate(searched=Exists(searches))
    rows = {row.pk: row for row in found.select_related("offender__submission__campaign").only(*SHOWN)}
    return [rows[pk] for pk in decisions if pk in rows]


def campaigns_of(user: User) -> list[tuple[str, str]]:
    """Uid and name of the force's campaigns that anybody reported to."""
    reported = Submission.objects.filter(campaign=OuterRef("pk"))
    found = Campaign.objects.filter(Exists(reported), force=user.organisation_id)
    return [(str(uid), name) for uid, name in found.values_list("uid", "name")]


Waiting = Mapping[Stage, QuerySet[Decision]]


def waiting_by_stage(user: User) -> Waiting:
    """What waits for this officer, at each stage the role may take; asked for once, used for all below."""
    return {stage: waiting_for(user, stage) for stage in Stage if user.role in MAY_TAKE[stage]}


def takeable_of(waiting: Waiting, decisions: Sequence[int]) -> dict[Stage, set[int]]:
    """Which of these the officer may take, by stage."""
    found = {}
    for stage, rows in waiting.items():
        here = rows.order_by().filter(pk__in=decisions)
        found[stage] = set(here.values_list("pk", flat=True))
    return found


def takeable_stages(waiting: Waiting, shown: Mapping[Stage, set[int]]) -> list[Stage]:
    """The stages at which something waits; what is shown already says so without another question."""
    return [stage for stage, rows in waiting.items() if shown[stage] or rows.exists()]


def first_of(user: User) -> tuple[Stage, Decision] | None:
    """What this officer should take next: the highest sum of points among all stages of the role."""
    tops = [(stage, by_priority(rows).first()) for stage, rows in waiting_by_stage(user).items()]
    found = [(stage, decision) for stage, decision in tops if decision is not None]
    return max(found, key=lambda pair: pair[1].priority, default=None)  # type: ignore[attr-defined]


def without_usable_face(waiting: Waiting) -> QuerySet[Decision]:
    """Offenders waiting for a first review none of whose stills led to a search, first things first."""
    return by_priority(_faceless(waiting)).select_related("offender__submission__campaign")


def number_without_usable_face(waiting: Waiting, *, at_most: int) -> int:
    """How many those are, counted no further than `at_most`."""
    return _faceless(waiting).order_by()[:at_most].count()


def _faceless(waiting: Waiting) -> QuerySet[Decision]:
    searches = Search.objects.filter(still__offender=OuterRef("offender"))
    return waiting.get(Stage.FIRST, Decision.objects.none()).filter(~Exists(searches))


# --- progress -------------------------------------------------------------------------------------
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


def progress_by_retailer(user: User) -> list[Progress]:
    """Where each retailer's offenders stand, most waiting first; one query. Made-up ones are not counted."""
    rows = (
        declared_offenders(user)
        .filter(genuine())
        .order_by()
        .values_list("submission__retailer__name", "decision__state", "decision__outcome")
        .annotate(Count("pk"))
    )
    found: dict[str, Progress] = {}
    for name, state, outcome, number in rows:
        _add(found.setdefault(name, Progress(name)), state, outcome, number)
    return sorted(found.values(), key=lambda one: (-one.waiting, one.retailer))


def _add(one: Progress, state: str | None, outcome: str | None, number: int) -> None:
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


def summed(rows: Sequence[Progress]) -> Progress:
    """All retailers together."""
    whole = Progress("All retailers")
    for name in ("sent", "checking", "waiting", "in_review", "decided", "identified"):
        setattr(whole, name, sum(getattr(row, name) for row in rows))
    return whole
