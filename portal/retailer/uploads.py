"""Taking the files of a form one by one: a bad one never costs the others, nor what was typed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from matching.decoding import DecodeLimits
from matching.errors import EngineFault, RejectedImage
from portal.accounts.models import User
from portal.submissions.actions import SubmissionRefused, Upload, add_draft, add_still, clean_name
from portal.submissions.models import Offender, Still, Submission

OUR_FAULT = "This could not be stored just now, and nothing is wrong with it. Send it again in a minute."
ENOUGH = DecodeLimits().max_bytes + 1  # of a file that is too large, no more is read into memory
log = structlog.get_logger(__name__)


@dataclass
class Taken:
    """What became of a form's files; names are fit to be shown."""

    added: int = 0
    known: list[str] = field(default_factory=list)
    stills: list[Still] = field(default_factory=list)  # those added and those known
    refused: list[tuple[str, str]] = field(default_factory=list)


def take(
    offender: Offender,
    files: Sequence[UploadedFile],
    captured_at: datetime | None,
    *,
    by: User,
    asked_for: bool = False,
) -> Taken:
    """Add every file that can be used and say of each other one why not; `asked_for` by an officer."""

    def add(upload: Upload) -> tuple[Still, bool]:
        return add_still(offender, upload, by=by, asked_for=asked_for)

    return _each(files, captured_at, add)


def take_drafts(submission: Submission, files: Sequence[UploadedFile], *, by: User) -> Taken:
    """Make every file that can be used an offender in the tray and say of each other one why not."""
    return _each(files, None, lambda upload: add_draft(submission, upload, by=by))


def _each(
    files: Sequence[UploadedFile],
    captured_at: datetime | None,
    add: Callable[[Upload], tuple[Still, bool]],
) -> Taken:
    taken = Taken()
    for file in files:
        name = clean_name(file.name or "") or "a file without a name"
        try:
            still, new = add(Upload(file.read(ENOUGH), file.name or "", captured_at))
        except (RejectedImage, SubmissionRefused) as error:
            taken.refused.append((name, error.message))
        except (EngineFault, OSError):
            log.exception("still_not_stored", name=name)
            taken.refused.append((name, OUR_FAULT))
        else:
            taken.added += new
            taken.stills.append(still)
            taken.known += [] if new else [name]
    return taken


def tell(request: HttpRequest, taken: Taken) -> None:
    """Say on the next page what became of the files."""
    if taken.added:
        messages.success(request, f"{_stills(taken.added)} received. The face is being looked for.")
    for name in taken.known:
        messages.info(request, f"{name} is here already: the same file is kept once.")
    for name, message in taken.refused:
        messages.error(request, f"{name} was not taken. {message}")


def _stills(count: int) -> str:
    return "1 still was" if count == 1 else f"{count} stills were"
