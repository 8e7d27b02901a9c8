"""A report in words, part by part: only what was filled in."""

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Field

from portal.retailer.forms import DEFAULTS, FIRST, SECTIONS, Section
from portal.submissions.models import Offender

SILENT = ("", None, False)


class Line(NamedTuple):
    """One field: its label and value; `moment` instead of text where it is a time."""

    label: str
    text: str
    moment: datetime | None = None


class Part(NamedTuple):
    """A part of the report and its lines."""

    title: str
    lines: list[Line]


def summary_of(offender: Offender) -> list[Part]:
    """The parts of a report that say something, in the order of the form."""
    parts = [Part(section.title, _lines(offender, section)) for section in (FIRST, *SECTIONS)]
    return [part for part in parts if part.lines]


def _lines(offender: Offender, section: Section) -> list[Line]:
    fields = [Offender._meta.get_field(name) for name in section.names]
    return [_line(offender, field) for field in fields if isinstance(field, Field) and _says(offender, field)]


def _says(offender: Offender, field: Field) -> bool:
    value = getattr(offender, field.name)
    return value not in SILENT and value != DEFAULTS.get(field.name)


def _line(offender: Offender, field: Field) -> Line:
    label, value = str(field.verbose_name), getattr(offender, field.name)
    label = label[:1].upper() + label[1:]
    if isinstance(value, datetime):
        return Line(label, "", value)
    if isinstance(value, date):
        return Line(label, f"{value.day} {value:%b %Y}")
    if value is True:
        return Line(label, "Yes")
    shown = getattr(offender, f"get_{field.name}_display", lambda: value)()
    return Line(label, f"£{shown:,}" if field.name == "value" else str(shown))
