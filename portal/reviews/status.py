"""What a retailer may know of a decision: derived here, and nothing else of reviews is theirs to import."""

from collections.abc import Mapping, Sequence
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
OUTCOME = "outcome"  # stands for the code that the decision has
# Since when a status holds, by its code; what is told: since it was decided.
SINCE = {
    "looked_at_again": "decision__entered_at",
    "with_officer": "decision__entered_at",
    "needs_still": "created_at",
    "draft": "created_at",
    "checking": "declared_at",
    "held_up": "declared_at",
    "no_face": "declared_at",
    "searched": "searched_at",
}
DECIDED = "decision__decided_at"
MOMENTS = (
    "created_at", "declared_at", "searched_at", "decision__entered_at", DECIDED, "decision__reopened_at",
)  # fmt: skip


def with_code(offenders: QuerySet[Offender]) -> QuerySet[Offender]:
    """The same offenders with `status_code` and `searched_at`, for counts and filters."""
    searches = Search.objects.filter(still__offender=OuterRef("pk"), extends=None).order_by("-at")
    codes = (
        When(when, then=F("decision__outcome") if code == OUTCOME else Value(code)) for when, code in _steps()
    )
    return offenders.annotate(searched_at=Subquery(searches.values("at")[:1])).annotate(
        status_code=Case(*codes, default=Value("searched"))
    )


def with_status(offenders: QuerySet[Offender]) -> QuerySet[Offender]:
    """The same with `status_since` too, for lists in its order."""
    since = (When(when, then=F(SINCE.get(code, DECIDED))) for when, code in _steps())
    return with_code(offenders).annotate(status_since=Coalesce(Case(*since), F("searched_at")))


def _steps() -> tuple[tuple[Any, str], ...]:
    """When an offender has which status: the first that holds, or it is searched."""
    stills = Still.objects.filter(offender=OuterRef("pk"))
    busy, decided = Exists(stills.filter(work_state__in=BUSY)), Q(decision__state=DecisionState.DECIDED)
    waiting = Q(decision__state=DecisionState.AWAITING_FIRST)
    return (
        (decided, OUTCOME),
        (waiting & Q(decision__round__gt=1) & ~busy, "looked_at_again"),
        (Q(decision__isnull=False) & ~waiting, "with_officer"),
        (_none(stills), "needs_still"),
        (Q(declared_at=None), "draft"),
        (busy, "checking"),
        (_none(stills.exclude(work_state=WorkState.QUARANTINED)), "held_up"),
        (Q(searched_at=None), "no_face"),
    )


def _none(rows: QuerySet[Any]) -> IsNull:
    """That there are none, asked one offender at a time: for EXISTS PostgreSQL may read every still."""
    return IsNull(Subquery(rows.order_by().values("pk")[:1]), True)


def statuses_of(offenders: Sequence[Offender]) -> dict[int, Status]:
    """Status by offender id, in one query however many offenders there are."""
    return said(Offender.objects.filter(pk__in=[offender.pk for offender in offenders]))


def said(offenders: QuerySet[Offender]) -> dict[int, Status]:
    """Status by offender id, in one query."""
    rows = with_code(offenders).values_list("pk", "status_code", *MOMENTS)
    return {pk: _status(code, dict(zip(MOMENTS, at, strict=True))) for pk, code, *at in rows}


def with_words(offenders: QuerySet[Offender]) -> QuerySet[Offender]:
    """The same offenders in one query with all that `in_words` needs."""
    return with_code(offenders).annotate(**{_kept(path): F(path) for path in MOMENTS if path != _kept(path)})


def in_words(offender: Offender) -> Status:
    """The status of one of with_words()."""
    one: Any = offender
    return _status(one.status_code, {path: getattr(one, _kept(path)) for path in MOMENTS})


def _kept(path: str) -> str:
    return path.replace("__", "_")


def _status(code: str, at: Mapping[str, datetime | None]) -> Status:
    since = at[SINCE.get(code, DECIDED)] or at["searched_at"]
    told_at = at[DECIDED] if code in TOLD else None
    return Status(code, *WORDS[code], since, at["searched_at"], told_at, at["decision__reopened_at"])
