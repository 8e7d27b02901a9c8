"""What a retailer may know of a decision: derived here, and nothing else of reviews is theirs to import."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from portal.reviews.states import DecisionState, Outcome
from portal.searches.models import Search
from portal.submissions.models import Offender, Still
from portal.work import WorkState


@dataclass(frozen=True)
class Status:
    """One offender's status in the retailer's words. `code` is stable for the API."""

    code: str
    label: str
    explanation: str
    since: datetime | None
    searched_at: datetime | None = None
    decided_at: datetime | None = None
    reopened_at: datetime | None = None


BUSY = {WorkState.QUEUED, WorkState.RUNNING}
TOLD: dict[str, tuple[str, str]] = {
    Outcome.IDENTIFIED: (
        "Identified (as intelligence)",
        "Independent reviews led to a line of enquiry. The police will ask you for evidence if they need it.",
    ),
    Outcome.NO_MATCH: (
        "No match in the gallery",
        "Nobody in the police's gallery was judged to be this person.",
    ),
    Outcome.INCONCLUSIVE: ("Inconclusive", "Officers could not tell. A clearer still may change that."),
    Outcome.UNSUITABLE_CIRCULATE: (
        "Not searchable, may be circulated",
        "The still is too poor to compare faces, but officers may recognise the person.",
    ),
    Outcome.UNSUITABLE: (
        "Not searchable",
        "The still is too poor to compare faces. Send a frame with the face larger and turned to the camera.",
    ),
    Outcome.REFER: ("With a facial examiner", "The stills were passed on to a forensic specialist."),
}


WAY: dict[str, tuple[str, str]] = {
    "looked_at_again": (
        "Being looked at again",
        "There is something new to compare. Officers will look at this report again.",
    ),
    "with_officer": (
        "With an officer",
        "Officers are comparing the still with the candidates, independently of each other.",
    ),
    "needs_still": ("Needs a still", "Add at least one still."),
    "draft": ("Not sent yet", "Fill in the report, then check and send it. Nothing is searched before then."),
    "checking": ("Being checked", "The face is being looked for."),
    "held_up": (
        "Held up",
        "Checking a still failed on our side. The operators know; you need not do anything.",
    ),
    "no_face": ("No face found", "No face was found. Draw a box around the face, or add a better still."),
    "searched": ("Searched", "Searched. Waiting for an officer to compare the faces."),
}
WORDS = {**WAY, **TOLD}
READ = ("status_code", "status_since", "searched_at", "decision__decided_at", "decision__reopened_at")


def with_status(offenders: QuerySet[Offender]) -> QuerySet[Offender]:
    """The same offenders with `status_code`, `status_since` and `searched_at`, for lists and counts."""
    stills = Still.objects.filter(offender=OuterRef("pk"))
    searches = Search.objects.filter(still__offender=OuterRef("pk"), extends=None).order_by("-at")
    busy, decided = Exists(stills.filter(work_state__in=BUSY)), Q(decision__state=DecisionState.DECIDED)
    waiting = Q(decision__state=DecisionState.AWAITING_FIRST)
    again = waiting & Q(decision__round__gt=1) & ~busy
    steps = (
        (decided, F("decision__outcome"), "decision__decided_at"),
        (again, Value("looked_at_again"), "decision__entered_at"),
        (Q(decision__isnull=False) & ~waiting, Value("with_officer"), "decision__entered_at"),
        (_none(stills), Value("needs_still"), "created_at"),
        (Q(declared_at=None), Value("draft"), "created_at"),
        (busy, Value("checking"), "declared_at"),
        (_none(stills.exclude(work_state=WorkState.QUARANTINED)), Value("held_up"), "declared_at"),
        (Q(searched_at=None), Value("no_face"), "declared_at"),
    )
    return offenders.annotate(searched_at=Subquery(searches.values("at")[:1])).annotate(
        status_code=Case(*(When(when, then=code) for when, code, _ in steps), default=Value("searched")),
        status_since=Coalesce(Case(*(When(when, then=F(at)) for when, _, at in steps)), F("searched_at")),
    )


def _none(rows: QuerySet[Any]) -> IsNull:
    """That there are none, asked one offender at a time: for EXISTS PostgreSQL may read every still."""
    return IsNull(Subquery(rows.order_by().values("pk")[:1]), True)


def statuses_of(offenders: Sequence[Offender]) -> dict[int, Status]:
    """Status by offender id, in one query however many offenders there are."""
    return said(Offender.objects.filter(pk__in=[offender.pk for offender in offenders]))


def said(offenders: QuerySet[Offender]) -> dict[int, Status]:
    """Status by offender id, in one query."""
    rows = with_status(offenders).values_list("pk", *READ)
    return {pk: _status(*read) for pk, *read in rows}


def with_words(offenders: QuerySet[Offender]) -> QuerySet[Offender]:
    """The same offenders in one query with all that `in_words` needs."""
    moments = {
        "status_decided_at": F("decision__decided_at"),
        "status_reopened_at": F("decision__reopened_at"),
    }
    return with_status(offenders).annotate(**moments)


def in_words(offender: Offender) -> Status:
    """The status of one of with_words()."""
    one: Any = offender
    read = (one.status_code, one.status_since, one.searched_at, one.status_decided_at, one.status_reopened_at)
    return _status(*read)


def _status(
    code: str,
    since: datetime | None,
    searched_at: datetime | None,
    decided_at: datetime | None,
    reopened_at: datetime | None,
) -> Status:
    told_at = decided_at if code in TOLD else None
    return Status(code, *WORDS[code], since, searched_at, told_at, reopened_at)
