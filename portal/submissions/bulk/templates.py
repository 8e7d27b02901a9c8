"""The table to fill in, as CSV and as XLSX, and the table that holds only the rows to put right."""

from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from portal.accounts.models import Store
from portal.submissions.bulk.checking import headings
from portal.submissions.bulk.columns import PROBLEM, Column, columns_for
from portal.submissions.bulk.tables import MAX_ROWS, add_lines, saved, written_csv
from portal.submissions.models import BulkUpload

WIDTH = 22
INTRODUCTION = (
    ("How to fill in this table", "", ""),
    ("", "One row is one offender. Delete the row whose incident reference is EXAMPLE, or leave it.", ""),
    ("", "Needed in every row: store, start of the incident, offence; and a reference or a still.", ""),
    ("", "Never write a name, ethnicity or religion. Do not guess who it is.", ""),
    ("Column", "What to write", "Choices"),
)


def template_csv(stores: Sequence[Store]) -> bytes:
    """Headings and one example."""
    columns = columns_for(stores)
    return written_csv([[one.heading for one in columns], [one.example for one in columns]])


def template_xlsx(stores: Sequence[Store]) -> bytes:
    """Headings with drop-downs, one example, and a sheet of notes."""
    columns = columns_for(stores)
    return _workbook(columns, [[one.example for one in columns]])


def bad_rows_csv(upload: BulkUpload, stores: Sequence[Store]) -> bytes:
    """The rows that were not kept, as they were sent, with what to put right."""
    columns = headings(stores)
    return written_csv([[one.heading for one in columns], *_bad_lines(upload, columns)])


def bad_rows_xlsx(upload: BulkUpload, stores: Sequence[Store]) -> bytes:
    """The same as a spreadsheet with drop-downs."""
    columns = headings(stores)
    return _workbook(columns, _bad_lines(upload, columns))


def _bad_lines(upload: BulkUpload, columns: Sequence[Column]) -> list[list[str]]:
    lines = []
    for bad in upload.problems:
        told = " ".join(f"{column}: {text}" for column, text in bad["problems"])
        cells = {**bad["cells"], PROBLEM: told}
        lines.append([cells.get(one.key, "") for one in columns])
    return lines


def _workbook(columns: Sequence[Column], lines: Sequence[Sequence[str]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    add_lines(book, "Offenders", [[one.heading for one in columns], *lines])
    notes = [(one.heading, one.rule, ", ".join(one.choices)) for one in columns]
    add_lines(book, "Notes", [*INTRODUCTION, *notes])
    with_choices = [one for one in columns if one.choices]
    longest = max(len(one.choices) for one in with_choices)
    add_lines(
        book,
        "Lists",
        [[one.choices[n] if n < len(one.choices) else "" for one in with_choices] for n in range(longest)],
    )
    book["Lists"].sheet_state = "hidden"
    _drop_downs(book, columns, with_choices)
    sheet = book["Offenders"]
    sheet.freeze_panes = "A2"
    for position in range(1, len(columns) + 1):
        sheet.column_dimensions[get_column_letter(position)].width = WIDTH
        sheet.cell(1, position).font = Font(bold=True)
    for letter, width in zip("ABC", (34, 70, 80), strict=True):
        book["Notes"].column_dimensions[letter].width = width
    return saved(book)


def _drop_downs(book: Workbook, columns: Sequence[Column], with_choices: Sequence[Column]) -> None:
    for at, column in enumerate(with_choices, start=1):
        source = get_column_letter(at)
        rule = DataValidation(
            type="list",
            formula1=f"Lists!${source}$1:${source}${len(column.choices)}",
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=column.heading[:32],
            error="Choose one of the list.",
        )
        letter = get_column_letter(columns.index(column) + 1)
        rule.add(f"{letter}2:{letter}{MAX_ROWS + 2}")
        book["Offenders"].add_data_validation(rule)
