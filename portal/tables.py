"""Tables as files that a spreadsheet opens without running anything that was typed into them."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice

from django.http import HttpResponse, StreamingHttpResponse

CSV = "text/csv; charset=utf-8"
LINES_AT_ONCE = 200
# What makes Excel, LibreOffice or Google Sheets read a cell as a formula (OWASP, CSV Injection).
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(value: object) -> str:
    """The value as text; text that a spreadsheet would run gets an apostrophe before it. Numbers stay."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and text.lstrip(" ").startswith(_STARTS):
        return f"'{text}"
    return text


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Line by line, every cell quoted, with a byte order mark so that Excel reads UTF-8."""
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    out.write("\N{ZERO WIDTH NO-BREAK SPACE}")
    for row in chain([columns], rows):
        writer.writerow([harmless(cell) for cell in row])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The whole file."""
    return "".join(csv_lines(columns, rows))


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download, never stored by a cache. `name` is ours, without its ending."""
    return HttpResponse(csv_text(columns, rows), content_type=CSV, headers=_download(name))


def csv_stream(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The same for long ones: sent in parts of some hundred lines while `rows` are still read."""
    lines = csv_lines(columns, rows)
    parts = iter(lambda: "".join(islice(lines, LINES_AT_ONCE)), "")
    return StreamingHttpResponse(parts, content_type=CSV, headers=_download(name))


def _download(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
