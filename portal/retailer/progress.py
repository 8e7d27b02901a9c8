"""How far a report has come, from received to its outcome, and what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from portal.reviews.status import Status
from portal.submissions.models import Offender, Still
from portal.work import WorkState

WITH_OFFICER = "with_officer"
BUSY = frozenset({WorkState.QUEUED, WorkState.RUNNING})
STILL_WORDS = {
    WorkState.QUEUED: ("queued", "Waiting to be checked"),
    WorkState.RUNNING: ("running", "Looking for the face"),
    WorkState.REFUSED: ("no_face", "No face found"),
    WorkState.QUARANTINED: ("held_up", "Held up on our side"),
}
NEXT = {
    "needs_still": "Add a still in which the face can be seen.",
    "draft": "Make the declaration; then it is searched.",
    "no_face": "Draw a box around the face, or add a better still.",
    "held_up": "Nothing for you to do. An operator looks at it and sends it round again.",
    "checking": "The face is searched, usually within a minute. This page shows it by itself.",
    "searched": "An officer compares the faces, and a second one independently.",
    WITH_OFFICER: "You see the outcome here as soon as there is one.",
    "identified": "Keep the full footage, receipts and statements: the police may ask for them.",
    "unsuitable": "Found a better frame? Add it as a new offender, and it is searched.",
    "unsuitable_circulate": "Found a better frame? Add it as a new offender, and it is searched.",
    "inconclusive": "Found a clearer frame? Add it as a new offender, and it is searched.",
}


@dataclass(frozen=True)
class Step:
    """One step of the way; `at` is None while it has not been reached."""

    label: str
    at: datetime | None
    text: str = ""


@dataclass(frozen=True)
class Progress:
    """The steps of an offender, what happens next, and until when the force wants to be done."""

    steps: tuple[Step, ...]
    next: str
    target: date | None


def progress_of(offender: Offender, stills: Sequence[Still], status: Status) -> Progress:
    """The way of one offender, from its own stills and the status the retailer may know."""
    found = [still.work_finished_at for still in stills if still.work_state == WorkState.DONE]
    checked = max((at for at in found if at), default=None)
    with_officer = status.since if status.code == WITH_OFFICER else None
    steps = (
        Step("Received", offender.declared_at, f"{len(stills)} still{'' if len(stills) == 1 else 's'}"),
        Step("Face found", checked),
        Step("Searched", status.searched_at),
        Step("With an officer", with_officer),
        Step("Outcome", status.decided_at, status.label if status.decided_at else ""),
    )
    return Progress(steps, NEXT.get(status.code, ""), _target(offender, status))


def _target(offender: Offender, status: Status) -> date | None:
    if offender.declared_at is None or status.decided_at is not None:
        return None
    days = timedelta(days=offender.submission.campaign.target_days)
    return timezone.localdate(offender.declared_at + days)


def still_status(still: Still, *, declared: bool) -> tuple[str, str]:
    """Code and words of one still's state."""
    state = WorkState(still.work_state)
    if state != WorkState.DONE:
        return STILL_WORDS[state]
    return ("searched", "Searched") if declared else ("done", "Face found")
