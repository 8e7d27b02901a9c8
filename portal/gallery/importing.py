"""Importing custody images from a CSV manifest: row by row, resumable, bad rows reported and none half-done.

Header (the first four columns are required, dates are YYYY-MM-DD):
path, reference, captured_on, review_on, case_outcome, name, born_on, age_at_capture, sex, ethnicity,
pnc_id, cro_number. A path is relative to the manifest's folder, or a key of the bucket.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import Storage

from matching.decoding import NormalisedImage, normalise
from matching.errors import DecoderUnavailable, RejectedImage
from portal import storage
from portal.accounts.models import Organisation
from portal.audit.log import Actor
from portal.gallery.actions import CustodyRecord, add_custody_image
from portal.gallery.models import CaseOutcome, CustodyImage

REQUIRED = ("path", "reference", "captured_on", "review_on")
# Characters that the columns of a subject hold.
LONGEST = {"reference": 60, "name": 160, "sex": 20, "ethnicity": 40, "pnc_id": 20, "cro_number": 20}
AHEAD = 32  # rows decoded before they are needed, by two threads that wait for bounded processes

Progress = Callable[["Tally"], None]


class BadManifest(Exception):
    """The manifest as a whole cannot be read; the message says why."""


class BadRow(Exception):
    """One row that is left out; the message goes into the report."""


@dataclass
class Tally:
    """How far an import has come."""

    rows: int = 0
    imported: int = 0
    already_there: int = 0
    refused: int = 0


@dataclass(frozen=True)
class ManifestRow:
    """A line of the manifest with its number in the file, the header being 1."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class _Prepared:
    row: ManifestRow
    about: CustodyRecord | None = None
    content: bytes = b""
    image: NormalisedImage | None = None
    why_not: str = ""


def read_manifest(path: Path) -> list[ManifestRow]:
    """Every row; BadManifest where a required column is missing or the file is no UTF-8 CSV."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
            if missing:
                raise BadManifest(f"{path.name} has no column {', '.join(missing)}")
            return [
                ManifestRow(line, {key: (value or "").strip() for key, value in row.items() if key})
                for line, row in enumerate(reader, start=2)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadManifest(f"{path} cannot be read: {error}") from error


def about(row: ManifestRow) -> CustodyRecord:
    """What a row says of its image; BadRow with the column that is wrong."""
    values = row.values
    for column, most in LONGEST.items():
        _must_fit(column, values.get(column, ""), most)
    if not values["reference"]:
        raise BadRow("reference is empty")
    outcome = values.get("case_outcome") or CaseOutcome.UNKNOWN
    if outcome not in CaseOutcome.values:
        raise BadRow(f"case_outcome {outcome!r} is not one of {', '.join(CaseOutcome.values)}")
    captured, review = _day(values, "captured_on"), _day(values, "review_on")
    if captured is None or review is None:
        raise BadRow("captured_on and review_on are required")
    return CustodyRecord(
        captured_on=captured,
        review_on=review,
        case_outcome=CaseOutcome(outcome),
        born_on=_day(values, "born_on"),
        age_at_capture=_age(values.get("age_at_capture", "")),
        **{column: values.get(column, "") for column in LONGEST},
    )


def _must_fit(column: str, text: str, most: int) -> None:
    # Cut short, two references could become one person.
    if len(text) > most:
        raise BadRow(f"{column} is longer than {most} characters")
    if not text.isprintable():
        raise BadRow(f"{column} has characters that cannot be printed")


def _age(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,3}", text):
        raise BadRow(f"age_at_capture {text!r} is not a number of years")
    return int(text)


def _day(values: dict[str, str], column: str) -> date | None:
    text = values.get(column, "")
    if not text:
        return None
    try:
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError("another form of date")
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadRow(f"{column} {text!r} is not a date like 2026-01-31") from error


def _content(source: Path | Storage, name: str) -> bytes:
    try:
        if isinstance(source, Storage):
            return storage.read(source, name)
        path = (source / name).resolve()
        if not path.is_relative_to(source.resolve()):
            raise BadRow(f"{name} is outside the manifest's folder")
        return path.read_bytes()
    except storage.StorageUnavailable:
        raise  # no fault of this row
    except (OSError, SuspiciousFileOperation, ValueError) as error:
        raise BadRow(f"{name} cannot be read: {error.__class__.__name__}") from error


def _prepare(force: Organisation, source: Path | Storage, row: ManifestRow) -> _Prepared:
    """Everything that can be refused, before anything is written."""
    try:
        record, content = about(row), _content(source, row.values["path"])
        image = None if _known(force, record, content) else normalise(content)
        return _Prepared(row, record, content, image)
    except BadRow as error:
        return _Prepared(row, why_not=str(error))
    except (RejectedImage, DecoderUnavailable) as error:
        return _Prepared(row, why_not=str(getattr(error, "message", error)))


def _known(force: Organisation, record: CustodyRecord, content: bytes) -> bool:
    return CustodyImage.objects.filter(
        subject__force=force,
        subject__reference=record.reference,
        subject__only_for=None,
        original_sha256=hashlib.sha256(content).hexdigest(),
    ).exists()


def import_rows(
    force: Organisation,
    rows: list[ManifestRow],
    source: Path | Storage,
    *,
    by: Actor,
    progress: Progress | None = None,
) -> Iterator[tuple[ManifestRow, str]]:
    """Import rows one after the other, each in a transaction of its own; yields the bad ones with the reason.

    Stopping at any moment loses nothing: the next run finds by hash what is there.
    """
    tally = Tally(rows=len(rows))
    for prepared in _prepared(force, rows, source):
        if prepared.why_not:
            tally.refused += 1
            yield prepared.row, prepared.why_not
        elif _import(force, prepared, by):
            tally.imported += 1
        else:
            tally.already_there += 1
        if progress:
            progress(tally)


def _prepared(force: Organisation, rows: list[ManifestRow], source: Path | Storage) -> Iterator[_Prepared]:
    waiting = iter(rows)
    with ThreadPoolExecutor(2) as pool:
        while chunk := list(islice(waiting, AHEAD)):
            yield from pool.map(lambda row: _prepare_and_close(force, source, row), chunk)


def _prepare_and_close(force: Organisation, source: Path | Storage, row: ManifestRow) -> _Prepared:
    from django.db import connection

    try:
        return _prepare(force, source, row)
    finally:
        connection.close()  # this thread's own


def _import(force: Organisation, prepared: _Prepared, by: Actor) -> bool:
    if prepared.image is None or prepared.about is None:
        return False
    digest = prepared.image.source_sha256
    return add_custody_image(force, prepared.about, prepared.content, digest, prepared.image, by=by)[1]
