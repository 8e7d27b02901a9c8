"""Tables and zips for the bulk form's tests."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence

from portal.submissions.bulk.actions import take_table
from portal.submissions.models import BulkUpload
from tests.cast import Cast, submission_of

GOOD = {"Store": "High Street", "Start of the incident": "01/11/2026 14:05", "Offence": "Theft from shop"}
REFERENCE = "Your incident reference"
STILLS = "Stills (file names)"


def good(reference: str = "", **cells: str) -> dict[str, str]:
    """A row that can be kept once it has a reference or a still."""
    return {**GOOD, REFERENCE: reference, **cells}


def table(*rows: Mapping[str, str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV with every heading that a row uses."""
    headings = list(dict.fromkeys([*GOOD, *(name for row in rows for name in row)]))
    out = io.StringIO()
    writer = csv.DictWriter(out, headings, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def zipped(files: Mapping[str, bytes]) -> io.BytesIO:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    out.seek(0)
    return out


def send(
    cast: Cast, content: bytes, files: Mapping[str, bytes] | None = None, *, seconds: float = 60
) -> BulkUpload:
    """The loss-prevention user's table, taken."""
    submission = submission_of(cast.loss_prevention, cast.campaign)
    archive = zipped(files) if files is not None else None
    return take_table(submission, content, "table.csv", archive, by=cast.loss_prevention, seconds=seconds)


def problems(upload: BulkUpload) -> list[tuple[int, str, str]]:
    """Row number, column and text of every problem."""
    return [(bad["row"], column, text) for bad in upload.problems for column, text in bad["problems"]]


def notes(upload: BulkUpload) -> Sequence[str]:
    """All remarks on rows that were kept."""
    return [note for one in upload.kept for note in one["notes"]]
