"""A retailer's numbers: totals by status and the median times, for all campaigns and for each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from portal.accounts.models import User
from portal.reviews.status import Status
from portal.submissions.models import Campaign, Offender, Still
from portal.work import WorkState

NEEDS_YOU = frozenset({"needs_still", "draft", "no_face"})
NEEDS_YOU_LABEL = "Waiting for you"
WAY = (
    "needs_still", "draft", "no_face", "held_up", "checking", "searched", "looked_at_again", "with_officer",
    "identified", "refer", "no_match", "inconclusive", "unsuitable_circulate", "unsuitable",
)  # fmt: skip


@dataclass(frozen=True)
class Total:
    """How many offenders have one status."""

    code: str
    label: str
    count: int


@dataclass(frozen=True)
class CampaignFigures:
    """One campaign's numbers (`campaign` None: all of them). Times are medians, None where there is none."""

    campaign: Campaign | None
    offenders: int
    searched: int
    decided: int
    to_candidates: timedelta | None
    to_outcome: timedelta | None


Statuses = Mapping[int, Status]
Durations = Mapping[int, Sequence[timedelta]]  # by campaign id


def totals(statuses: Iterable[Status]) -> list[Total]:
    """Counts of the statuses that occur, in the order of a report's way."""
    found = list(statuses)
    labels = {status.code: status.label for status in found}
    counts = Counter(status.code for status in found)
    return [Total(code, labels[code], counts[code]) for code in sorted(counts, key=WAY.index)]


def search_durations(user: User) -> dict[int, list[timedelta]]:
    """From queued to candidates, of every searched still of the retailer, by campaign id."""
    done = Still.objects.filter(
        offender__submission__retailer=user.organisation_id,
        offender__declared_at__isnull=False,
        work_state=WorkState.DONE,
    )
    found: dict[int, list[timedelta]] = {}
    fields = ("offender__submission__campaign_id", "work_queued_at", "work_finished_at")
    for campaign_id, queued_at, finished_at in done.values_list(*fields):
        if finished_at is not None:
            found.setdefault(campaign_id, []).append(finished_at - queued_at)
    return found


def by_campaign(
    offenders: Sequence[Offender], statuses: Statuses, durations: Durations
) -> list[CampaignFigures]:
    """The figures of each campaign the retailer sent offenders to, newest first."""
    campaigns = {one.submission.campaign_id: one.submission.campaign for one in offenders}
    return [
        figures_of(
            [one for one in offenders if one.submission.campaign_id == pk],
            statuses,
            durations.get(pk, ()),
            campaigns[pk],
        )
        for pk in sorted(campaigns, reverse=True)
    ]


def figures_of(
    offenders: Sequence[Offender],
    statuses: Statuses,
    durations: Sequence[timedelta],
    campaign: Campaign | None = None,
) -> CampaignFigures:
    """Numbers of some offenders; time to outcome runs from the declaration."""
    ends = [(one.declared_at, statuses[one.pk].decided_at) for one in offenders]
    to_outcome = [end - begun for begun, end in ends if begun is not None and end is not None]
    return CampaignFigures(
        campaign=campaign,
        offenders=len(offenders),
        searched=sum(statuses[one.pk].searched_at is not None for one in offenders),
        decided=len(to_outcome),
        to_candidates=_median(durations),
        to_outcome=_median(to_outcome),
    )


def _median(lengths: Sequence[timedelta]) -> timedelta | None:
    seconds = [length.total_seconds() for length in lengths]
    return timedelta(seconds=median(seconds)) if seconds else None
