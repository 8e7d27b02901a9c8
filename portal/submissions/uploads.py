"""Files that arrive in parts: what is here stays here, however often the connection is lost.

Every part is a file of its own in the storage, named in order by the upload's row, so that any web process
on any host can take the next one. A part counts from the commit that moves the offset. The last one hands
the file on as if it had come in one piece.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import structlog
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from matching.decoding import DecodeLimits, refusal
from matching.errors import RejectedImage
from portal import storage
from portal.accounts.models import User
from portal.submissions.actions import (
    SubmissionRefused,
    Upload,
    add_draft,
    add_still,
    clean_name,
    must_accept,
    refuse,
    still_of,
)
from portal.submissions.models import Offender, PartialUpload, Still, Submission
from portal.submissions.states import UploadState

MAX_BYTES = DecodeLimits().max_bytes
MAX_OPEN = 200  # uploads of one person that have not ended
KEPT = timedelta(days=1)
LARGEST_COUNT = 2**31 - 1  # that the database keeps of a length somebody merely claims
PIECE = 1 << 20  # bytes read at once

OFFSET_MISMATCH = (
    "offset_mismatch",
    "These bytes do not follow on what is here. Ask how much is, and go on.",
)
TOO_MANY = ("too_many_uploads", f"{MAX_OPEN} of your uploads have not ended yet. Let some end first.")
DAMAGED = (
    "changed_on_the_way",
    "This file changed on its way here. Nothing is wrong with yours: send it again.",
)
log = structlog.get_logger(__name__)


class Body(Protocol):
    """What bytes are read from; it may end early, or raise OSError, where the sender is gone."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


@dataclass(frozen=True)
class Announced:
    """A file as its sender announces it. `sha256` (hex) may be empty; `fingerprint` tells files apart."""

    name: str
    length: int
    fingerprint: str
    sha256: str = ""


def begin_upload(
    submission: Submission, file: Announced, *, by: User, target: Offender | None = None
) -> PartialUpload:
    """An upload for this file: a new one, or the one that was begun before and has not ended.

    Into the tray, or to the offender `target`. One whose sha256 is here already has ended when it begins.
    RejectedImage where it is too large (recorded), SubmissionRefused where nothing more is taken.
    """
    must_accept(submission.campaign_id)
    if file.length > MAX_BYTES:
        error = refusal("file_too_large", DecodeLimits())
        told = Upload(b"", file.name)
        refuse(
            submission,
            told,
            error.code,
            error.message,
            by=by,
            offender=target,
            size=min(file.length, LARGEST_COUNT),
        )
        raise error
    key = _fingerprint(file, target)
    going_on = PartialUpload.objects.filter(
        submission=submission, sender=by, fingerprint=key, state=UploadState.ARRIVING
    )
    existing = going_on.first()
    if existing is not None:
        return existing
    if PartialUpload.objects.filter(sender=by, state=UploadState.ARRIVING).count() >= MAX_OPEN:
        raise SubmissionRefused(*TOO_MANY)
    try:
        with transaction.atomic():
            return PartialUpload.objects.create(
                submission=submission,
                target=target,
                sender=by,
                name=clean_name(file.name),
                length=file.length,
                fingerprint=key,
                sha256=file.sha256,
                **_known(submission, target, file),
            )
    except IntegrityError:
        return going_on.get()  # the same file twice at once


def _fingerprint(file: Announced, target: Offender | None) -> str:
    told = (file.fingerprint or file.name, file.sha256, str(file.length), str(target.uid) if target else "")
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def _known(submission: Submission, target: Offender | None, file: Announced) -> dict[str, Any]:
    """The fields of an upload whose file is here already."""
    if not file.sha256:
        return {}
    still = _same_file(submission, target, file.sha256)
    if still is None or still.original_bytes != file.length:
        return {}
    return {"state": UploadState.KNOWN, "offset": file.length, "still": still}


def _same_file(submission: Submission, target: Offender | None, digest: str) -> Still | None:
    if target is None:
        return still_of(submission, digest)
    return target.stills.filter(original_sha256=digest).first()


def take_part(upload: PartialUpload, offset: int, body: Body, *, by: User) -> PartialUpload:
    """Keep the bytes from `offset` on, as many as arrive; with the last ones the file is taken or refused.

    SubmissionRefused where they do not follow on what is here. Safe to repeat.
    """
    upload.refresh_from_db()
    if offset != upload.offset:
        raise SubmissionRefused(*OFFSET_MISMATCH)
    if upload.state != UploadState.ARRIVING:
        return upload
    part = _read(body, upload.length - upload.offset)
    if part:
        _keep(upload, part)
    if upload.offset == upload.length:
        _finish(upload, by)
    return upload


def _read(body: Body, at_most: int) -> bytes:
    """What arrives; a sender who is gone in the middle leaves what came before."""
    got = bytearray()
    try:
        while len(got) < at_most and (piece := body.read(min(PIECE, at_most - len(got)))):
            got += piece
    except OSError as error:
        log.info("upload_cut", bytes=len(got), error=str(error))
    return bytes(got)


def _keep(upload: PartialUpload, part: bytes) -> None:
    key = storage.store(storage.uploads(), part)
    parts, offset = [*upload.parts, key], upload.offset + len(part)
    changed = PartialUpload.objects.filter(
        pk=upload.pk, state=UploadState.ARRIVING, offset=upload.offset
    ).update(parts=parts, offset=offset, touched_at=Now())
    if changed != 1:  # the same part came twice at once
        _delete_parts([key])
        raise SubmissionRefused(*OFFSET_MISMATCH)
    upload.parts, upload.offset = parts, offset


def _finish(upload: PartialUpload, by: User) -> None:
    """Take the file as if it had come in one piece. Repeated after a crash, it is the same still."""
    content = b"".join(storage.read(storage.uploads(), key) for key in upload.parts)
    file = Upload(content, upload.name)
    try:
        if upload.sha256 and hashlib.sha256(content).hexdigest() != upload.sha256:
            refuse(upload.submission, file, *DAMAGED, by=by, offender=upload.target)
            raise SubmissionRefused(*DAMAGED)
        if upload.target:
            still, new = add_still(upload.target, file, by=by)
        else:
            still, new = add_draft(upload.submission, file, by=by)
    except (RejectedImage, SubmissionRefused) as error:
        _end(upload, UploadState.REFUSED, code=error.code, message=error.message)
    else:
        _end(upload, UploadState.TAKEN if new else UploadState.KNOWN, still=still)


def _end(upload: PartialUpload, state: UploadState, **told: Any) -> None:
    arriving = PartialUpload.objects.filter(pk=upload.pk, state=UploadState.ARRIVING)
    if arriving.update(state=state, parts=[], touched_at=Now(), **told) == 1:
        _delete_parts(upload.parts)
    upload.refresh_from_db()


def end_upload(upload: PartialUpload) -> None:
    """Give an upload up, with what has arrived of it; what was taken stays."""
    parts = upload.parts
    PartialUpload.objects.filter(pk=upload.pk).delete()
    _delete_parts(parts)


def _delete_parts(keys: list[str]) -> None:
    """What cannot be deleted now is named by no row, and portal.retention.orphans finds it."""
    for key in keys:
        try:
            storage.uploads().delete(key)
        except OSError as error:
            log.warning("part_not_deleted", key=key, error=str(error))


def sweep_uploads() -> int:
    """End uploads that nobody went on with for a day, and forget those that ended; how many there were."""
    old = PartialUpload.objects.filter(touched_at__lt=timezone.now() - KEPT)
    rows = list(old)
    for upload in rows:
        end_upload(upload)
    return len(rows)
