"""How far a report has come, from received to its outcome, and what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from portal.questions.models import Question
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
    "draft": "When you have sent it, the face is searched and an officer sees the report.",
    "no_face": "Draw a box around the face, or add a better still.",
    "held_up": "Nothing for you to do. An operator looks at it and sends it round again.",
    "checking": "The face is searched, usually within a minute. This page shows it by itself.",
    "searched": "An officer compares the faces, and a second one independently.",
    "looked_at_again": "Officers compare the faces once more, independently of each other.",
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
    """The steps of an offender, what happens next, and until when the force wants or wanted to be done.

    `late` is how many days after `target` it is, or the outcome came. `waiting` are the open questions,
    the most urgent first: while there is one, the retailer's answer is what happens next. `linked`: officers
    linked this report to others, which is all that may be known of that.
    """

    steps: tuple[Step, ...]
    next: str
    target: date | None
    late: int = 0
    waiting: tuple[Question, ...] = ()
    linked: bool = False


def progress_of(
    offender: Offender,
    stills: Sequence[Still],
    status: Status,
    questions: Sequence[Question] = (),
    *,
    linked: bool = False,
) -> Progress:
    """The way of one offender, from its own stills, its open questions and what the retailer may know."""
    target = _target(offender, status)
    late = _days_late(target, status)
    steps = _steps(offender, stills, status)
    return Progress(steps, NEXT.get(status.code, ""), target, late, tuple(questions), linked)


def _steps(offender: Offender, stills: Sequence[Still], status: Status) -> tuple[Step, ...]:
    """The steps in the order in which they were reached."""
    found = [still.work_finished_at for still in stills if still.work_state == WorkState.DONE]
    checked = max((at for at in found if at), default=None)
    if checked and status.searched_at:
        checked = min(checked, status.searched_at)  # the row is closed a moment after its search
    with_officer = status.since if status.code == WITH_OFFICER else None
    again = None if status.decided_at else status.reopened_at
    steps = (
        Step("Received", offender.declared_at, f"{len(stills)} still{'' if len(stills) == 1 else 's'}"),
        Step("Checked", checked),
        Step("Searched", status.searched_at),
        Step("Being looked at again", again, "There is something new to compare." if again else ""),
        Step("With an officer", with_officer),
        Step("Outcome", status.decided_at, status.label if status.decided_at else ""),
    )
    reached = [(step.at, number) for number, step in enumerate(steps) if step.at is not None]
    in_order = [steps[number] for _, number in sorted(reached)]
    return (*in_order, *(step for step in steps if step.at is None))


def _target(offender: Offender, status: Status) -> date | None:
    """Counted from the declaration, or from when officers began to look again."""
    begun = status.reopened_at or offender.declared_at
    if begun is None:
        return None
    return timezone.localdate(begun + timedelta(days=offender.submission.campaign.target_days))


def _days_late(target: date | None, status: Status) -> int:
    if target is None:
        return 0
    until = timezone.localdate(status.decided_at) if status.decided_at else timezone.localdate()
    return max(0, (until - target).days)


def still_status(still: Still, *, declared: bool) -> tuple[str, str]:
    """Code and words of one still's state."""
    state = WorkState(still.work_state)
    if state != WorkState.DONE:
        return STILL_WORDS[state]
    return ("searched", "Searched") if declared else ("done", "Face found")
