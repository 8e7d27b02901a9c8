"""Tables as strangers send them, read into plain text; and tables as we hand them out.

Nothing in a cell is ever evaluated: a formula is read as its text, and what looks like one is written so.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from portal.submissions.actions import SubmissionRefused
from portal.submissions.bulk.archives import must_be_sound

MAX_ROWS = 200
MAX_COLUMNS = 60
MAX_BYTES = 5 * 2**20
MAX_SHEET_BYTES = 40 * 2**20
MAX_LINES = 5_000  # of a sheet: empty ones between the filled ones count
MAX_CELL = 4_000
SPREADSHEET_RATIO = 1_000  # XML with many empty cells packs well
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Table:
    """The header and the filled rows, each with its number as a spreadsheet counts (the header is row 1)."""

    header: list[str]
    rows: list[tuple[int, list[str]]]


def _refused(code: str, message: str) -> SubmissionRefused:
    return SubmissionRefused(code, message)


def read_table(content: bytes) -> Table:
    """Read an XLSX, or a CSV (UTF-8, UTF-16 or Windows; comma, semicolon or tab); else SubmissionRefused."""
    if len(content) > MAX_BYTES:
        raise _refused("table_too_large", "The table is larger than 5 MB. Stills go into the zip.")
    if content.startswith(OLD_EXCEL):
        raise _refused("old_excel", "This is an old Excel file. Save it as .xlsx or as CSV and send that.")
    lines = _xlsx_lines(content) if content.startswith(b"PK") else _csv_lines(content)
    return _table(lines)


def _table(lines: Iterable[tuple[int, list[str]]]) -> Table:
    header: list[str] | None = None
    rows: list[tuple[int, list[str]]] = []
    for number, line in lines:
        cells = [_plain(cell) for cell in line[:MAX_COLUMNS]]
        if not any(cells):
            continue
        if header is None:
            header = cells
            continue
        rows.append((number, cells))
        if len(rows) > MAX_ROWS + 1:  # one may be the example
            raise _refused("too_many_rows", f"A table may have {MAX_ROWS} rows. Send it in parts.")
    if header is None:
        raise _refused("table_empty", "The table is empty. Download the template and fill it in.")
    return Table(header, rows)


def _plain(cell: str) -> str:
    """A cell without what would not be seen; the apostrophe that we write before a formula is taken off."""
    text = "".join(char for char in cell if char >= " " or char in "\n\t").strip()[:MAX_CELL]
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in STARTS_FORMULA else text


# --- CSV ------------------------------------------------------------------------------------------
def _text_of(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _csv_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _text_of(content).replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    first_line = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max(",;\t", key=first_line.count)
    try:
        yield from enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1)
    except csv.Error as error:
        message = "The table could not be read as CSV. Save it again as CSV or as .xlsx."
        raise _refused("table_unreadable", message) from error


# --- XLSX -----------------------------------------------------------------------------------------
def _xlsx_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    file = io.BytesIO(content)
    must_be_sound(file, most_bytes=MAX_SHEET_BYTES, most_entries=200, ratio=SPREADSHEET_RATIO)
    try:
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        lines = sheet.iter_rows(max_row=MAX_LINES, max_col=MAX_COLUMNS, values_only=True)
        for number, line in enumerate(lines, start=1):
            yield number, [_cell_text(value) for value in line]
    except SubmissionRefused:
        raise
    except (*_BROKEN_XLSX,) as error:
        message = "The spreadsheet could not be opened. Save it again as .xlsx or as CSV."
        raise _refused("table_unreadable", message) from error


# What openpyxl lets through for files that are no spreadsheets, or damaged ones.
_BROKEN_XLSX = (
    InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError,
    OSError, EOFError, SyntaxError, OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


# --- writing --------------------------------------------------------------------------------------
def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit()


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula; read_table takes the apostrophe off again."""
    return f"'{text}" if text.startswith(STARTS_FORMULA) and not _is_number(text) else text


def written_csv(lines: Iterable[Sequence[str]]) -> bytes:
    """A CSV that Excel opens as UTF-8."""
    out = io.StringIO()
    csv.writer(out).writerows([safe_cell(cell) for cell in line] for line in lines)
    return out.getvalue().encode("utf-8-sig")


def add_lines(book: Workbook, title: str, lines: Iterable[Sequence[str]]) -> None:
    """A sheet of text cells; what looks like a formula is text, too."""
    sheet = book.create_sheet(title)
    for row, line in enumerate(lines, start=1):
        for column, text in enumerate(line, start=1):
            cell = sheet.cell(row, column)
            cell.value = text
            cell.data_type = "s"
            cell.number_format = "@"


def saved(book: Workbook) -> bytes:
    """The workbook's bytes."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
