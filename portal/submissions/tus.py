"""The tus resumable upload protocol 1.0.0 (https://tus.io/protocols/resumable-upload): core, creation,
creation-with-upload's Upload-Offset, termination. No view: sessions and API tokens both call it.

Every answer about an upload says its `Upload-State` too (states.UploadState), an addition of ours: a file
that has arrived may still be refused. Metadata keys: `filename`; `sha256` (hex) of the file, so that it
need not be sent where it is here already; `fingerprint`, any text by which the sender knows the file again.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from portal.accounts.models import User
from portal.submissions.actions import SubmissionRefused
from portal.submissions.models import Offender, PartialUpload, Submission
from portal.submissions.states import UploadState
from portal.submissions.uploads import MAX_BYTES, Announced, Body, begin_upload, end_upload, take_part

VERSION = "1.0.0"
OCTETS = "application/offset+octet-stream"
ALWAYS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_METADATA = 4096
STATUSES = {
    "wrong_version": HTTPStatus.PRECONDITION_FAILED,
    "bad_header": HTTPStatus.BAD_REQUEST,
    "wrong_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "too_many_uploads": HTTPStatus.TOO_MANY_REQUESTS,
}
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What to answer: a status and headers, no body."""

    status: HTTPStatus
    headers: dict[str, str] = field(default_factory=dict)


def status_of(error: SubmissionRefused) -> HTTPStatus:
    """The status that tells a client what to do about a refusal."""
    return STATUSES.get(error.code, HTTPStatus.CONFLICT)


def options() -> Reply:
    """What this server can do."""
    offered = {
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,termination",
        "Tus-Max-Size": str(MAX_BYTES),
    }
    return Reply(HTTPStatus.NO_CONTENT, {**ALWAYS, **offered})


def metadata_of(headers: Headers) -> dict[str, str]:
    """Upload-Metadata as text by key; SubmissionRefused where it is none."""
    given = headers.get("Upload-Metadata", "")
    if len(given) > LONGEST_METADATA:
        raise _bad("Upload-Metadata is too long.")
    pairs = (pair.split() for pair in given.split(",") if pair.strip())
    try:
        return {pair[0]: base64.b64decode("".join(pair[1:2]), validate=True).decode() for pair in pairs}
    except ValueError as error:
        raise _bad("Upload-Metadata is not base64 of UTF-8.") from error


def create(
    headers: Headers, submission: Submission, *, by: User, target: Offender | None = None
) -> tuple[PartialUpload, Reply]:
    """Begin an upload, or find the one begun before. The caller adds its Location.

    Raises what begin_upload raises, and SubmissionRefused for headers that make no sense.
    """
    _check_version(headers)
    told = metadata_of(headers)
    digest = told.get("sha256", "").lower()
    if digest and not SHA256.fullmatch(digest):
        raise _bad("The sha256 of the metadata is not 64 hexadecimal digits.")
    length = _number(headers, "Upload-Length")
    file = Announced(told.get("filename", ""), length, told.get("fingerprint", ""), digest)
    upload = begin_upload(submission, file, by=by, target=target)
    return upload, Reply(HTTPStatus.CREATED, _standing(upload))


def head(upload: PartialUpload) -> Reply:
    """How much is here."""
    return Reply(HTTPStatus.OK, {**_standing(upload), "Upload-Length": str(upload.length)})


def patch(upload: PartialUpload, headers: Headers, body: Body, *, by: User) -> Reply:
    """Take bytes; SubmissionRefused where they do not follow on what is here."""
    _check_version(headers)
    if headers.get("Content-Type", "") != OCTETS:
        raise SubmissionRefused("wrong_type", f"Send the bytes as {OCTETS}.")
    taken = take_part(upload, _number(headers, "Upload-Offset"), body, by=by)
    return Reply(HTTPStatus.NO_CONTENT, _standing(taken))


def delete(upload: PartialUpload, headers: Headers) -> Reply:
    """Give the upload up."""
    _check_version(headers)
    end_upload(upload)
    return Reply(HTTPStatus.NO_CONTENT, dict(ALWAYS))


def _standing(upload: PartialUpload) -> dict[str, str]:
    return {**ALWAYS, "Upload-Offset": str(upload.offset), "Upload-State": UploadState(upload.state).value}


def _check_version(headers: Headers) -> None:
    if headers.get("Tus-Resumable") != VERSION:
        raise SubmissionRefused(
            "wrong_version", f"This server speaks tus {VERSION}: say so in Tus-Resumable."
        )


def _number(headers: Headers, name: str) -> int:
    given = headers.get(name, "")
    if not given.isascii() or not given.isdecimal() or len(given) > 12:
        raise _bad(f"{name} must be a number of bytes.")
    return int(given)


def _bad(message: str) -> SubmissionRefused:
    return SubmissionRefused("bad_header", message)
