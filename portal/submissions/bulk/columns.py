"""The columns of the table: what each is called, what may stand in it, and what to write instead."""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils import timezone

from portal.accounts.models import Store
from portal.submissions.models import Offender

STILLS = "stills"
PROBLEM = "problem"
EXAMPLE = "EXAMPLE"
MOMENTS = (
    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d-%m-%Y %H:%M", "%d/%m/%y %H:%M",
)  # fmt: skip
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%Y-%m-%d %H:%M")
YES = {"yes", "y", "true", "1", "x", "ja"}
NO = {"no", "n", "false", "0", "-"}
MOST_MINUTES = 1440
FIELDS = (
    "store", "started_at", "offence", "incident_reference", "crime_reference", "reporter_name",
    "reporter_contact", "ended_at", "clock_offset_minutes", "place_in_store", "camera", "goods", "quantity",
    "value", "recovered", "violence", "threats", "weapon", "hate_element", "police_called", "under_18",
    "offender_count", "build", "height", "hair", "clothing", "marks", "direction", "vehicle", "vrm", "method",
    "prolific", "organised", "linked_incidents", "footage_kept", "footage_until", "receipt_held",
    "statement_signed",
)  # fmt: skip
NEVER = ("ethnicity", "religion", "race", "nationality", "name", "offendername", "suspectname")


class Wrong(Exception):
    """A cell that cannot be used; the message says what to write instead."""


Read = Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """A column: its heading, its rule, its choices where there are some, and an example."""

    key: str
    heading: str
    rule: str
    read: Read
    choices: tuple[str, ...] = ()
    example: str = ""


def key_of(heading: str) -> str:
    """A heading without case, spaces and signs: people rewrite them."""
    return "".join(char for char in heading.casefold() if char.isalnum())


# --- reading cells --------------------------------------------------------------------------------
def _one_of(text: str, named: dict[str, Any], what: str, shown: Sequence[str]) -> Any:
    """`named` is keyed by key_of() of every way to write a choice."""
    found = named.get(key_of(text))
    if found is not None:
        return found
    close = difflib.get_close_matches(text, shown, n=1, cutoff=0.6)
    if close:
        raise Wrong(f"“{text[:60]}” is not {what}. Did you mean “{close[0]}”?")
    listed = ", ".join(shown[:10]) + (" …" if len(shown) > 10 else "")
    raise Wrong(f"“{text[:60]}” is not {what}. Write one of: {listed}.")


def _choice(field: Any) -> tuple[Read, tuple[str, ...]]:
    labels = [label.partition(" (")[0] for _, label in field.choices]
    named = {key_of(value): value for value, _ in field.choices}
    named |= {key_of(label): value for value, label in field.choices}
    named |= {key_of(label): value for (value, _), label in zip(field.choices, labels, strict=True)}
    named |= {key: "unknown" for key in ("unknown", "notknown") if "unknown" in named}
    return lambda text: _one_of(text, named, "one of the choices", labels), tuple(labels)


def _store(stores: Sequence[Store]) -> tuple[Read, tuple[str, ...]]:
    named = {key_of(store.code): store for store in stores if store.code}
    named |= {key_of(store.name): store for store in stores}
    names = tuple(store.name for store in stores)
    return lambda text: _one_of(text, named, "one of your stores", names), names


def _yes(text: str) -> bool:
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise Wrong(f"“{text[:30]}”: write yes or no.")


def _moment(text: str) -> datetime:
    for form in MOMENTS:
        try:
            shown = datetime.strptime(text, form)  # noqa: DTZ007  (made aware below)
        except ValueError:
            continue
        at = timezone.make_aware(shown)
        if at > timezone.now() + timedelta(hours=1):
            raise Wrong("This time is in the future.")
        if at.year < 2000:
            raise Wrong("This is before the year 2000.")
        return at
    if any(_parsed(text, form) for form in DAYS):
        raise Wrong(f"Write the time of day as well, for example {text[:10]} 14:05.")
    raise Wrong(f"“{text[:30]}” is no time. Write for example 01/11/2026 14:05.")


def _parsed(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007  (only the day counts)
    except ValueError:
        return None


def _day(text: str) -> date:
    for form in DAYS:
        day = _parsed(text, form)
        if day is not None and 2000 <= day.year <= 2100:
            return day
    raise Wrong(f"“{text[:30]}” is no day. Write for example 01/12/2026.")


def _whole(least: int, most: int) -> Read:
    def read(text: str) -> int:
        digits = text.replace(",", "").replace("−", "-").removesuffix(".0")
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", digits):
            raise Wrong(f"“{text[:30]}” is no whole number.")
        if not least <= int(digits) <= most:
            raise Wrong(f"Write a number from {least} to {most:,}.")
        return int(digits)

    return read


def _money(text: str) -> Decimal:
    try:
        amount = Decimal(text.replace("£", "").replace(",", "").strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise Wrong(f"“{text[:30]}” is no amount. Write pounds, for example 98.50.")
    if not 0 <= amount < 10**8:
        raise Wrong("Write an amount from 0 to 99,999,999.")
    return round(amount, 2)


def _text(most: int | None) -> Read:
    def read(text: str) -> str:
        if most is not None and len(text) > most:
            raise Wrong(f"Shorten this to {most} characters: it has {len(text)}.")
        return text

    return read


# --- the columns ----------------------------------------------------------------------------------
SPECIAL: dict[str, tuple[Read, str]] = {
    "clock_offset_minutes": (
        _whole(-MOST_MINUTES, MOST_MINUTES),
        "minutes; 0 if right, -5 if five slow; left empty, the store's own",
    ),
    "offender_count": (_whole(1, 100), "a whole number from 1"),
    "quantity": (_whole(0, 1_000_000), "a whole number"),
    "value": (_money, "pounds, for example 98.50"),
    "footage_until": (_day, "a day, for example 01/12/2026; left empty, it is counted from the incident"),
}
EXAMPLES = {
    STILLS: "aisle-1.jpg; till-2.jpg", "started_at": "01/11/2026 14:05", "offence": "Theft from shop",
    "incident_reference": EXAMPLE, "goods": "Spirits, 4 bottles", "value": "98.50", "violence": "no",
    "clock_offset_minutes": "7", "clothing": "Blue jacket, white trainers",
}  # fmt: skip
NEEDED = ("store", "started_at", "offence")


def columns_for(stores: Sequence[Store]) -> list[Column]:
    """The columns of a retailer's table, stills first."""
    first = Column(
        STILLS,
        "Stills (file names)",
        "file names in the zip or on the board; several with ; between",
        str.strip,
    )
    columns = [first, *(_column(name, stores) for name in FIELDS)]
    example = {**EXAMPLES, "store": stores[0].name if stores else ""}
    return [Column(**{**vars(one), "example": example.get(one.key, "")}) for one in columns]


def _column(name: str, stores: Sequence[Store]) -> Column:
    field: Any = Offender._meta.get_field(name)
    heading = str(field.verbose_name)
    heading = heading[:1].upper() + heading[1:]
    if name == "store":
        read, choices = _store(stores)
        return Column(name, heading, "needed: the store's name or number", read, choices)
    if name in SPECIAL:
        return Column(name, heading, SPECIAL[name][1], SPECIAL[name][0])
    if field.choices:
        read, choices = _choice(field)
        rule = ("needed: " if name in NEEDED else "") + "one of the choices"
        return Column(name, heading, rule, read, choices)
    if isinstance(field, models.BooleanField):
        return Column(name, heading, "yes or no", _yes, ("yes", "no"))
    if isinstance(field, models.DateTimeField):
        rule = "as the CCTV clock shows it, for example 01/11/2026 14:05"
        return Column(name, heading, f"needed: {rule}" if name in NEEDED else rule, _moment)
    rule = f"text, {field.max_length} characters at most" if field.max_length else "text"
    return Column(name, heading, rule, _text(field.max_length))
