"""A report in words, part by part: only what was filled in."""

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Field

from portal.retailer.steps import STEPS, Step, says
from portal.submissions.clock import clock_error, really
from portal.submissions.models import Offender


class Line(NamedTuple):
    """One field: its label and value; `moment` instead of text where it is a time. `shown` is what a wrong
    clock showed then, and `error` how wrong it was."""

    label: str
    text: str
    moment: datetime | None = None
    shown: datetime | None = None
    error: str = ""


class Part(NamedTuple):
    """A step of the report and its lines."""

    step: Step
    lines: list[Line]


def summary_of(offender: Offender, *, empty: bool = False) -> list[Part]:
    """The parts of a report that say something, in the order of the form; with `empty` the others too."""
    parts = [Part(step, _lines(offender, step)) for step in STEPS]
    return [part for part in parts if part.lines or empty]


def _lines(offender: Offender, step: Step) -> list[Line]:
    fields = [Offender._meta.get_field(name) for name in step.all_names if says(offender, name)]
    return [_line(offender, field) for field in fields if isinstance(field, Field)]


def _line(offender: Offender, field: Field) -> Line:
    label, value = str(field.verbose_name), getattr(offender, field.name)
    label = label[:1].upper() + label[1:]
    if isinstance(value, datetime):
        return _moment(offender, label, value)
    if isinstance(value, date):
        return Line(label, f"{value.day} {value:%b %Y}")
    if value is True:
        return Line(label, "Yes")
    shown = getattr(offender, f"get_{field.name}_display", lambda: value)()
    return Line(label, f"£{shown:,}" if field.name == "value" else str(shown))


def _moment(offender: Offender, label: str, shown: datetime) -> Line:
    fast = offender.clock_offset_minutes
    return Line(label, "", really(shown, fast), shown if fast else None, clock_error(fast))
