"""Which offenders wait for whom, and what one review compares."""

from collections.abc import Iterable

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.gallery.queries import may_be_searched
from portal.reviews.models import Decision, Review
from portal.reviews.states import LIVE, MAY_TAKE, WAITING, DecisionState, Stage
from portal.searches.models import Candidate, Search
from portal.submissions.models import Offender, Still
from portal.work import WorkState

BUSY = (WorkState.QUEUED, WorkState.RUNNING)
SETTLED = (WorkState.DONE, WorkState.REFUSED)
READS_EVERY_RECORD = frozenset({Role.SUPERVISOR, Role.AUDITOR})


def ready_offenders() -> QuerySet[Offender]:
    """Declared offenders with a candidate list or a stated reason, and no still in the works.

    A still that was set aside for an operator does not hold up the others.
    """
    stills = Still.objects.filter(offender=OuterRef("pk"))
    return Offender.objects.filter(
        Exists(stills.filter(work_state__in=SETTLED)),
        ~Exists(stills.filter(work_state__in=BUSY)),
        declared_at__isnull=False,
    )


def open_decisions() -> int:
    """Give every offender that became ready its decision record; how many were new."""
    missing = ready_offenders().filter(decision=None).values_list("pk", flat=True)
    made = Decision.objects.bulk_create([Decision(offender_id=pk) for pk in missing], ignore_conflicts=True)
    return len(made)


def waiting_for(user: User, stage: Stage) -> QuerySet[Decision]:
    """Decisions this officer may take at this stage, longest waiting first: never their own second look."""
    if user.role not in MAY_TAKE[stage]:
        return Decision.objects.none()
    waiting = decisions_for(user).filter(state=WAITING[stage]).order_by("entered_at", "pk")
    if stage == Stage.FIRST:
        busy = Still.objects.filter(offender=OuterRef("offender"), work_state__in=BUSY)
        waiting = waiting.filter(~Exists(busy))
    else:
        waiting = waiting.exclude(Q(first_reviewer=user) | Q(second_reviewer=user))
    if stage == Stage.ADJUDICATION:
        return waiting
    seen = Review.objects.filter(decision=OuterRef("pk"), reviewer=user, blind_saved_at__isnull=False)
    return waiting.filter(~Exists(seen.exclude(stage=stage)))


def live_reviews_of(user: User) -> QuerySet[Review]:
    """What this officer has open."""
    return Review.objects.filter(reviewer=user, state__in=LIVE).select_related("decision__offender")


def decisions_for(user: User) -> QuerySet[Decision]:
    """Every decision of the officer's force."""
    return Decision.objects.filter(offender__submission__campaign__force=user.organisation_id)


def readable_records(user: User) -> QuerySet[Decision]:
    """Decisions whose record this person may read: supervisors and auditors all of their force's,
    a reviewer those the reviewer took part in, once decided (before that it would unblind a colleague)."""
    if user.role in READS_EVERY_RECORD:
        return decisions_for(user)
    took_part = Q(first_reviewer=user) | Q(second_reviewer=user) | Q(adjudicator=user)
    return decisions_for(user).filter(took_part, state=DecisionState.DECIDED)


def latest_searches(offender: Offender) -> QuerySet[Search]:
    """The newest search of each still: what its list stands for now."""
    newer = Search.objects.filter(still=OuterRef("still"), pk__gt=OuterRef("pk"))
    return Search.objects.filter(~Exists(newer), still__offender=offender, face=F("still__chosen_face"))


def candidates_of(searches: Iterable[Search], length: int) -> list[Candidate]:
    """One candidate per subject over all stills, its best score first.

    A custody image that may no longer be searched is not shown either, whenever the search was.
    """
    rows = Candidate.objects.filter(may_be_searched(prefix="image__"), search__in=list(searches))
    best: dict[object, Candidate] = {}
    for candidate in rows.order_by("-score", "template_id"):
        best.setdefault(candidate.subject_uid, candidate)
    return list(best.values())[:length]


def queue_depth(user: User) -> dict[str, int]:
    """How many decisions stand in each state, for the officer's force."""
    counts = dict.fromkeys(DecisionState.values, 0)
    rows = decisions_for(user).order_by().values_list("state").annotate(Count("pk"))
    return {**counts, **dict(rows)}
