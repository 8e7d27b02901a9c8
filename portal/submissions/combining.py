"""Two reports on one person become one, and not a word that somebody typed is lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Field
from django.utils import timezone

from portal.submissions.models import Offender

OWN = frozenset({"id", "uid", "submission", "rank", "created_by", "created_at", "declared_by", "declared_at"})
LOOKED_OVER = "names_checked"  # belongs to the texts as they were; what is combined is looked over again
NOTES = "linked_incidents"
TIMES = frozenset({"started_at", "ended_at"})  # taken over together, or an end could lie before its start


def report_fields() -> list[Field]:
    """The fields of a report, as the model has them now."""
    return [field for field in Offender._meta.concrete_fields if field.name not in (*OWN, LOOKED_OVER)]


def combined(into: Offender, others: Sequence[Offender]) -> dict[str, Any]:
    """Values of the fields of `into` that change: empty ones filled, the rest noted under other incidents."""
    values = {field.name: getattr(into, field.name) for field in report_fields()}
    before, notes = dict(values), [values[NOTES]] if values[NOTES] else []
    for other in others:
        left = _fill(values, other)
        if left:
            notes.append("From a report that was merged: " + "; ".join(left))
    values[NOTES] = "\n".join(notes)
    return {name: value for name, value in values.items() if value != before[name]}


def _fill(values: dict[str, Any], other: Offender) -> list[str]:
    """Fill what is empty; say in words what differs."""
    left, timeless = [], all(values[name] is None for name in TIMES)
    for field in report_fields():
        own, theirs = values[field.name], getattr(other, field.name)
        if _is_empty(field, theirs) or own == theirs:
            continue
        fits = field.name not in TIMES or timeless
        if _is_empty(field, own) and fits and field.name != NOTES:
            values[field.name] = theirs
        else:
            left.append(f"{field.verbose_name}: {_shown(other, field)}")
    return left


def _is_empty(field: Field, value: Any) -> bool:
    return value in (None, "") or (field.has_default() and value == field.get_default())


def _shown(offender: Offender, field: Field) -> str:
    value = getattr(offender, field.name)
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%d %b %Y %H:%M}"
    if value is True:
        return "yes"
    return str(getattr(offender, f"get_{field.name}_display", lambda: value)())
