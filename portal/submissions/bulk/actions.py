"""Taking a filled-in table: good rows become drafts, the others are kept with what is wrong with them."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, BinaryIO

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from matching.errors import EngineFault, RejectedImage
from portal.accounts.models import User
from portal.audit.log import Actor, record
from portal.audit.tags import Tag
from portal.submissions.actions import (
    SubmissionRefused,
    Upload,
    add_offender,
    add_still,
    change_offender,
    clean_name,
    must_accept,
    next_place,
)
from portal.submissions.board import merge_offenders, place
from portal.submissions.bulk.archives import StillArchive
from portal.submissions.bulk.checking import ROW, Checked, Row, check
from portal.submissions.bulk.tables import read_table
from portal.submissions.clock import with_usual_clock
from portal.submissions.footage import keep_clock
from portal.submissions.models import BulkUpload, Offender, Still, Submission
from portal.submissions.reports import guesses_of

KEPT_DAYS = 7
STILLS_SECONDS = 20.0
LATE = "There was no time left for its stills. Send this row and the zip again: nothing is taken twice."
OUR_FAULT = "could not be stored just now. Send the table and the zip again: nothing is taken twice."
log = structlog.get_logger(__name__)


@dataclass
class Work:
    """One table on its way: the zip that came with it, the stills on the board, and until when to look."""

    submission: Submission
    by: User
    archive: StillArchive | None
    dropped: dict[str, list[Still]]
    until: float
    files: dict[str, bytes | None] = field(default_factory=dict)

    def content(self, name: str) -> bytes | None:
        """A still's bytes out of the zip; None where it is damaged. Kept for the row that is being taken."""
        if name not in self.files and self.archive is not None:
            self.files[name] = self.archive.read(self.archive.named(name)[0])
        return self.files.get(name)


def take_table(
    submission: Submission,
    content: bytes,
    name: str,
    archive: BinaryIO | None,
    *,
    by: User,
    seconds: float = STILLS_SECONDS,
) -> BulkUpload:
    """Take a table and perhaps a zip with its stills. SubmissionRefused where either cannot be read at all.

    The same table again makes nothing twice: a row is known by its reference, or by its stills. `seconds`
    bounds the time for stills; what is left over is said and taken when the table is sent again.
    """
    must_accept(submission.campaign_id)
    checked = check(read_table(content), list(by.organisation.stores.all()))
    stills = StillArchive(archive) if archive is not None else None
    work = Work(submission, by, stills, _dropped(submission), time.monotonic() + seconds)
    kept = []
    for row in checked.rows:
        work.files.clear()
        _find_stills(row, work)
        if not row.problems and (taken := _take(row, work)) is not None:
            kept.append(taken)
    return _keep(work, checked, content, name, kept)


def _dropped(submission: Submission) -> dict[str, list[Still]]:
    """The stills on the board and in the tray, by file name."""
    found: dict[str, list[Still]] = {}
    for still in Still.objects.filter(offender__submission=submission).select_related("offender__submission"):
        found.setdefault(still.name.lower(), []).append(still)
    return found


def _find_stills(row: Row, work: Work) -> None:
    for name in row.stills:
        if problem := _still_problem(row, name, work):
            row.problems.append((ROW, f"“{name[:80]}” {problem}"))


def _still_problem(row: Row, name: str, work: Work) -> str:
    in_zip = work.archive.named(name) if work.archive else []
    if len(in_zip) > 1:
        return "is in several folders of the zip. Write its whole path."
    if in_zip:
        return "" if work.content(name) is not None else "is damaged in the zip. Export it again."
    on_board = _on_board(row, name, work)
    if len(on_board) > 1:
        return "is on the board more than once. Rename the files."
    where = "neither in the zip nor" if work.archive else "not"
    return "" if on_board else f"is {where} on the board. Send it, or correct the name."


def _on_board(row: Row, name: str, work: Work) -> list[Still]:
    """Stills of this file name; of several those of the row's own reference."""
    found = work.dropped.get(clean_name(name).lower(), [])
    ours = [still for still in found if still.offender.incident_reference.casefold() == row.reference]
    return ours if row.reference and ours else found


def _take(row: Row, work: Work) -> dict[str, Any] | None:
    """What is kept of a good row; None where it turned out not to be one."""
    if time.monotonic() > work.until and any(work.archive and work.archive.named(n) for n in row.stills):
        row.problems.append((ROW, LATE))
        return None
    try:
        offender = _offender_of(row, work)
    except SubmissionRefused as error:
        row.problems.append((ROW, error.message))
        return None
    if offender.declared_at is None:
        _add_stills(row, offender, work)
        row.notes += [guess.text for found in guesses_of(offender).values() for guess in found]
    return {"row": row.number, "offender": str(offender.uid), "title": offender.title, "notes": row.notes}


# --- the offender ---------------------------------------------------------------------------------
@transaction.atomic
def _offender_of(row: Row, work: Work) -> Offender:
    """The row's offender: the one it is known to be, or a new draft at the next place."""
    Submission.objects.select_for_update(no_key=True).get(pk=work.submission.pk)  # two uploads take turns
    known = _known(row, work)
    if not known:
        return add_offender(work.submission, _with_clocks(row, Offender()), by=work.by, declared=False)
    if len(known) > 1:
        known = [_merged(known, work)]
    offender = known[0]
    if offender.declared_at is not None:
        row.notes.append("Was sent already, so nothing was changed.")
        return offender
    _fill(row, offender, work)
    return offender


def _with_clocks(row: Row, before: Offender) -> dict[str, Any]:
    """What the row says, with the usual clock of its store or camera where it says nothing of it."""
    return keep_clock(before, with_usual_clock(before, row.values))


def _known(row: Row, work: Work) -> list[Offender]:
    """Offenders of this submission with the row's reference, or with one of its stills."""
    ours = Offender.objects.filter(submission=work.submission).select_related("submission", "store")
    found: dict[int, Offender] = {}
    if row.reference:
        found |= {one.pk: one for one in ours.filter(incident_reference__iexact=row.reference)[:1]}
    digests, names = [], []
    for name in row.stills:
        if work.archive and work.archive.named(name):
            digests.append(hashlib.sha256(work.content(name) or b"").hexdigest())
        else:
            names += [still.pk for still in _on_board(row, name, work)]
    # A file that was refused the first time is the same row's, too.
    same_file = Q(stills__original_sha256__in=digests) | Q(refused_uploads__sha256__in=digests)
    found |= {one.pk: one for one in ours.filter(same_file | Q(stills__in=names)).distinct()}
    return list(found.values())


def _merged(known: Sequence[Offender], work: Work) -> Offender:
    """Drafts that hold nothing but files are put together; whatever was filled in or sent stays apart."""
    told = [one for one in known if one.offence or one.declared_at]
    if len(told) > 1:
        listed = " and ".join(one.title for one in told)
        message = f"Its stills and its reference belong to {listed}. Put them together on the board first."
        raise SubmissionRefused("several_offenders", message)
    into = told[0] if told else known[0]
    if into.declared_at is not None:
        return into
    return merge_offenders(into, [one for one in known if one.pk != into.pk], by=work.by)


def _fill(row: Row, offender: Offender, work: Work) -> None:
    """Write the row into a bare draft; of a report somebody filled in only what is empty."""
    if not offender.offence:
        change_offender(offender, _with_clocks(row, offender), by=work.by)
    else:
        empty = {name: value for name, value in row.values.items() if _is_empty(offender, name)}
        if offender.started_at:
            empty.pop("ended_at", None)  # a time of its own: the row's end may lie before it
        change_offender(offender, empty, by=work.by)
        row.notes.append("Was here already.")
        left = [name for name, value in row.values.items() if getattr(offender, name) != value]
        if left:
            labels = [str(Offender._meta.get_field(name).verbose_name) for name in left]  # type: ignore[union-attr]
            row.notes.append(f"Left as it stands there: {', '.join(labels)}.")
    if offender.rank is None:
        _place(row, offender, work)


def _is_empty(offender: Offender, name: str) -> bool:
    there = getattr(offender, name)
    return there in (None, "") or there == getattr(Offender._meta.get_field(name), "default", None)


def _place(row: Row, offender: Offender, work: Work) -> None:
    ranks = work.submission.offenders.exclude(rank=None).values_list("rank", flat=True)
    rank = next_place([rank for rank in ranks if rank is not None])
    if rank is None:
        row.notes.append("All 30 places are taken: it waits in the tray.")
    else:
        place(offender, rank, by=work.by)


# --- its stills -----------------------------------------------------------------------------------
def _add_stills(row: Row, offender: Offender, work: Work) -> None:
    """Add the row's stills out of the zip; one that cannot be used never costs the row."""
    for name in row.stills:
        if not work.archive or not work.archive.named(name):
            continue
        shown = clean_name(name)[:80]
        try:
            add_still(offender, Upload(work.content(name) or b"", name), by=work.by)
        except (RejectedImage, SubmissionRefused) as error:
            row.notes.append(f"{shown} was not taken. {error.message}")
        except (EngineFault, OSError):
            log.exception("still_not_stored", offender=str(offender.uid))
            row.notes.append(f"{shown} {OUR_FAULT}")


# --- what is kept of the table --------------------------------------------------------------------
@transaction.atomic
def _keep(work: Work, checked: Checked, content: bytes, name: str, kept: list[dict[str, Any]]) -> BulkUpload:
    bad = [
        {"row": row.number, "cells": row.cells, "problems": row.problems}
        for row in checked.rows
        if row.problems
    ]
    upload = BulkUpload.objects.create(
        submission=work.submission,
        sent_by=work.by,
        name=clean_name(name),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=len(checked.rows),
        remarks=checked.remarks,
        kept=kept,
        problems=bad,
    )
    record(
        Tag.BULK_RECEIVED,
        actor=work.by,
        subject=upload,
        sha256=upload.sha256,
        rows=upload.rows,
        kept=[one["offender"] for one in kept],
        refused=len(bad),
    )
    return upload


@transaction.atomic
def purge_bulk_uploads(*, by: Actor) -> int:
    """Delete what is kept of tables after KEPT_DAYS; the offenders made from them stay. How many."""
    due = BulkUpload.objects.filter(at__lt=timezone.now() - timedelta(days=KEPT_DAYS))
    uids = [str(uid) for uid in due.values_list("uid", flat=True)]
    if uids:
        due.delete()
        record(Tag.BULK_ERASED, actor=by, subject=("submissions.bulkupload", "purge"), uploads=uids)
    return len(uids)
