"""Checking a table row by row: every problem of every row at once, and what to write instead."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.accounts.models import Store
from portal.submissions.actions import SubmissionRefused
from portal.submissions.bulk.columns import (
    EXAMPLE,
    NEVER,
    PROBLEM,
    STILLS,
    Column,
    Wrong,
    columns_for,
    key_of,
)
from portal.submissions.bulk.tables import MAX_ROWS, Table
from portal.submissions.reports import NEEDED
from portal.submissions.states import MAX_STILLS

ROW = "The row"


@dataclass
class Row:
    """A row: its text by column, its values, the stills it names, and what is wrong with it."""

    number: int
    cells: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    stills: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The retailer's own key, compared whatever its case."""
        return str(self.values.get("incident_reference", "")).casefold()


@dataclass
class Checked:
    """A table's rows, and remarks on the table as a whole."""

    rows: list[Row]
    remarks: list[str]


def check(table: Table, stores: Sequence[Store]) -> Checked:
    """Read every cell by its column; SubmissionRefused where the header is not that of the template."""
    columns = columns_for(stores)
    order, remarks = _order(table.header, columns)
    rows = [_row(number, line, order) for number, line in table.rows]
    rows = [row for row in rows if row.cells.get("incident_reference", "").upper() != EXAMPLE and row.cells]
    if len(rows) > MAX_ROWS:
        raise SubmissionRefused("too_many_rows", f"A table may have {MAX_ROWS} rows. Send it in parts.")
    if not rows:
        raise SubmissionRefused("table_empty", "No row is filled in. The example row is left out.")
    for row in rows:
        _check_whole(row, {column.key: column for column in columns})
    _check_twins(rows)
    return Checked(rows, remarks)


def _order(header: Sequence[str], columns: Sequence[Column]) -> tuple[list[Column | None], list[str]]:
    """The column of each position; None for one that is not read."""
    by_key = {key_of(column.heading): column for column in columns}
    by_key |= {key_of(column.key): column for column in columns}
    order: list[Column | None] = []
    remarks = []
    for heading in header:
        column = by_key.get(key_of(heading))
        if column is not None and column in order:
            remarks.append(f"Column “{heading[:60]}” is there twice; the first one counts.")
            column = None
        elif column is None and heading and not key_of(heading).startswith(("problem", "whattoputright")):
            remarks.append(_not_read(heading))
        order.append(column)
    missing = [column.heading for column in columns if column.key in NEEDED and column not in order]
    if missing:
        listed = ", ".join(missing)
        raise SubmissionRefused(
            "header_wrong",
            f"The first row must hold the headings of the template. Missing: {listed}. "
            "Copy your rows into the template and send that.",
        )
    return order, remarks


def _not_read(heading: str) -> str:
    if key_of(heading) in NEVER:
        return f"Column “{heading[:60]}” was not read: we never ask for it. Please do not send it."
    return f"Column “{heading[:60]}” is not in the template, so it was not read."


def _row(number: int, line: Sequence[str], order: Sequence[Column | None]) -> Row:
    given = [(column, text) for column, text in zip(order, line, strict=False) if column and text]
    row = Row(number, {column.key: text for column, text in given})
    for column, text in given:
        try:
            value = column.read(text)
        except Wrong as wrong:
            row.problems.append((column.heading, str(wrong)))
            continue
        if column.key == STILLS:
            row.stills = list(dict.fromkeys(part.strip() for part in value.split(";") if part.strip()))
        else:
            row.values[column.key] = value
    return row


def _check_whole(row: Row, columns: dict[str, Column]) -> None:
    """What no single cell shows."""
    for name, message in NEEDED.items():
        if name not in row.cells:
            row.problems.append((columns[name].heading, message))
    start, end = row.values.get("started_at"), row.values.get("ended_at")
    if start and end and end < start:
        row.problems.append((columns["ended_at"].heading, "The incident must end after it starts."))
    if not row.cells.get("incident_reference") and not row.stills:
        text = "Give your incident reference or the file name of a still, so that it is known again."
        row.problems.append((ROW, text))
    if len(row.stills) > MAX_STILLS:
        row.problems.append((columns[STILLS].heading, f"An offender can have {MAX_STILLS} stills."))


def _check_twins(rows: Sequence[Row]) -> None:
    """Two rows with one reference or one still would be one offender."""
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        keys = [("reference", row.reference)] if row.reference else []
        keys += [(STILLS, name.lower()) for name in row.stills]
        for key in keys:
            if key in first:
                what = "This incident reference" if key[0] == "reference" else f"“{key[1][:80]}”"
                row.problems.append((ROW, f"{what} stands in row {first[key]} already."))
            else:
                first[key] = row.number


def headings(stores: Sequence[Store]) -> list[Column]:
    """The columns of a table with bad rows: the template's, and what to put right."""
    problem = Column(PROBLEM, "What to put right", "left out when the table is read", str)
    return [*columns_for(stores), problem]
