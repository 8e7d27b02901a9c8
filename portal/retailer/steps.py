"""The report in short steps: which fields stand where, what they default to, what a hint says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from portal.submissions.models import Offender
from portal.submissions.reports import NEEDED
from portal.submissions.states import YesNoUnknown


class Step(NamedTuple):
    """A page of the report: the fields it shows, and those in a part that opens."""

    slug: str
    title: str
    hint: str
    names: tuple[str, ...]
    more_title: str = ""
    more: tuple[str, ...] = ()

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every field of the page."""
        return self.names + self.more


STEPS = (
    Step(
        "when-and-where",
        "When and where",
        "Store and time are needed: the officer rules out whoever was in custody that day, and you find the "
        "footage again.",
        ("store", "started_at", "clock_offset_minutes", "ended_at"),
        "Where in the store, and references",
        ("place_in_store", "camera", "incident_reference", "crime_reference"),
    ),
    Step(
        "what-happened",
        "What happened",
        "Only the offence is needed. The rest tells the officer how serious it is.",
        ("offence", "goods", "value", "method"),
        "Violence, threats, and why this person matters",
        (
            "quantity", "recovered", "violence", "threats", "weapon", "hate_element", "police_called",
            "prolific", "organised", "linked_incidents",
        ),
    ),
    Step(
        "who-was-seen",
        "Who was seen",
        "Nothing here is needed. Say only what you or a camera saw: do not guess who it is, do not give a "
        "name, and leave out ethnicity and religion.",
        ("under_18", "offender_count", "build", "height", "hair", "clothing", "marks"),
        "How they left",
        ("direction", "vehicle", "vrm"),
    ),
    Step(
        "evidence",
        "Evidence kept",
        "Nothing here is needed, but footage that is overwritten is gone.",
        (
            "footage_kept", "footage_until", "receipt_held", "statement_signed", "reporter_name",
            "reporter_contact",
        ),
    ),
)  # fmt: skip
BY_SLUG = {step.slug: step for step in STEPS}
REPORT = tuple(name for step in STEPS for name in step.all_names)
DEFAULTS: dict[str, Any] = {
    "clock_offset_minutes": 0,
    "offender_count": 1,
    **dict.fromkeys(
        ("recovered", "police_called", "under_18", "organised", "footage_kept"), YesNoUnknown.UNKNOWN
    ),
}
SILENT = ("", None, False)
HINTS = {
    "started_at": "As the CCTV clock shows it.",
    "ended_at": "As the CCTV clock shows it.",
    "clock_offset_minutes": "0 if it is right. −5 if it is five minutes slow.",
    "value": "Of everything taken in this incident.",
    "footage_until": "Left empty, we count from the incident by the store's own setting.",
    "under_18": "As far as you can tell. It decides how carefully the report must be handled.",
    "method": "For example: fills a bag in the aisle, leaves while somebody comes in.",
    "vrm": "As it was read from the plate.",
}


def says(offender: Offender, name: str) -> bool:
    """Whether somebody filled the field in."""
    value = getattr(offender, name)
    return value not in SILENT and value != DEFAULTS.get(name)


@dataclass(frozen=True)
class Task:
    """A step in the task list: what is done of it."""

    step: Step
    state: str

    @property
    def label(self) -> str:
        """The state in words."""
        return {"to_do": "To do", "done": "Complete", "optional": "Nothing yet, optional"}[self.state]


def tasks_of(offender: Offender) -> list[Task]:
    """The steps of a report with their states, for the task list."""
    return [Task(step, _state(offender, step)) for step in STEPS]


def _state(offender: Offender, step: Step) -> str:
    if any(name in step.all_names and not getattr(offender, name) for name in NEEDED):
        return "to_do"
    return "done" if any(says(offender, name) for name in step.all_names) else "optional"


def next_step(offender: Offender) -> Step:
    """Where to go on: what needs something, else what says nothing yet, else the beginning."""
    tasks = tasks_of(offender)
    for state in ("to_do", "optional"):
        for task in tasks:
            if task.state == state:
                return task.step
    return STEPS[0]


def step_after(step: Step) -> Step | None:
    """The following page; None after the last."""
    position = STEPS.index(step) + 1
    return STEPS[position] if position < len(STEPS) else None


def steps_with(names: set[str]) -> Iterator[Step]:
    """The steps these fields stand on."""
    return (step for step in STEPS if names & set(step.all_names))
