"""Which offenders wait for whom, and what one review compares."""

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from portal.accounts.models import User
from portal.reviews.models import Decision, Review
from portal.reviews.states import LIVE, MAY_TAKE, WAITING, DecisionState, Stage
from portal.searches.models import Candidate, Search
from portal.submissions.models import Offender, Still
from portal.work import WorkState

UNSETTLED = (WorkState.QUEUED, WorkState.RUNNING, WorkState.QUARANTINED)


def ready_offenders() -> QuerySet[Offender]:
    """Declared offenders all of whose stills have a candidate list or a stated reason, not yet decided on."""
    stills = Still.objects.filter(offender=OuterRef("pk"))
    return Offender.objects.filter(
        Exists(stills), ~Exists(stills.filter(work_state__in=UNSETTLED)), declared_at__isnull=False
    )


def open_decisions() -> int:
    """Give every offender that became ready its decision record; how many were new."""
    missing = ready_offenders().filter(decision=None).values_list("pk", flat=True)
    made = Decision.objects.bulk_create([Decision(offender_id=pk) for pk in missing], ignore_conflicts=True)
    return len(made)


def waiting_for(user: User, stage: Stage) -> QuerySet[Decision]:
    """Decisions this officer may take at this stage: never a second look at the own first one."""
    if user.role not in MAY_TAKE[stage]:
        return Decision.objects.none()
    waiting = Decision.objects.filter(
        state=WAITING[stage], offender__submission__campaign__force=user.organisation_id
    )
    mine = Q(first_reviewer=user) | Q(second_reviewer=user)
    return waiting.exclude(mine) if stage != Stage.FIRST else waiting


def live_reviews_of(user: User) -> QuerySet[Review]:
    """What this officer has open."""
    return Review.objects.filter(reviewer=user, state__in=LIVE).select_related("decision__offender")


def decisions_for(user: User) -> QuerySet[Decision]:
    """Every decision of the officer's force."""
    return Decision.objects.filter(offender__submission__campaign__force=user.organisation_id)


def latest_searches(offender: Offender) -> QuerySet[Search]:
    """The newest search of each still: what its list stands for now."""
    newer = Search.objects.filter(still=OuterRef("still"), pk__gt=OuterRef("pk"))
    return Search.objects.filter(~Exists(newer), still__offender=offender, face=F("still__chosen_face"))


def candidates_of(searches: Iterable[Search], length: int) -> list[Candidate]:
    """One candidate per subject over all stills, its best score first."""
    rows = Candidate.objects.filter(search__in=list(searches)).order_by("-score", "template_id")
    best: dict[object, Candidate] = {}
    for candidate in rows:
        best.setdefault(candidate.subject_uid, candidate)
    return list(best.values())[:length]


def queue_depth(user: User) -> dict[str, int]:
    """How many decisions wait in each state, for the officer's force."""
    counts = dict.fromkeys(DecisionState.values, 0)
    for state in decisions_for(user).values_list("state", flat=True):
        counts[state] += 1
    return counts
