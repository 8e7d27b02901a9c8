"""Asking for a package, making it in a worker, handing it out, letting it expire.

The archive is written to a temporary file and stored whole: a worker that dies leaves nothing, and the row
goes round again. While it works it renews its lease and says how far it is.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import PurePath
from typing import Any, BinaryIO

import structlog
from django.conf import settings
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F
from django.db.models.functions import Now
from django.utils import timezone

from portal import conf, storage, work
from portal.accounts.models import User
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid
from portal.cases.models import Case, CaseOffence, Package
from portal.cases.packages import archive
from portal.cases.packages.paper import for_paper, paper
from portal.cases.packages.record import (
    FORMAT,
    Enclosed,
    documents_of,
    enclosed,
    offences_of,
    plain,
    record_of,
)
from portal.cases.packages.verification import SCHEMA_FILE
from portal.cases.states import MAY_EDIT, PackageKind
from portal.celery import BULK, send_on_commit
from portal.gallery.models import CustodyImage
from portal.questions.models import Document
from portal.submissions.models import Still

MAKE_PACKAGE = "cases.make_package"
MAKER = SystemActor("packages")
CHUNK = 1 << 20
log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another worker has taken the row: this one gives up."""


@transaction.atomic
def request_package(case: Case, kind: PackageKind, purpose: str, *, by: User) -> Package:
    """Ask for a package; a worker makes it. Invalid without a purpose or without offences."""
    if by.role not in MAY_EDIT or by.organisation_id != case.force_id:
        raise Conflict("Your role does not make packages of this force's cases.")
    if kind not in PackageKind.values:
        raise Invalid("Choose the kind of package.")
    if not purpose.strip():
        raise Invalid("Say what the package is for.")
    if not case.offences.filter(removed_at=None).exists():
        raise Invalid("There is no offence in this case.")
    package = Package.objects.create(case=case, kind=kind, purpose=purpose.strip()[:300], requested_by=by)
    send_on_commit(MAKE_PACKAGE, queue=BULK, package_id=package.pk)
    record(Tag.PACKAGE_REQUESTED, actor=by, subject=package, reason=purpose, kind=kind, case=str(case.uid))
    return package


# --- making ---------------------------------------------------------------------------------------
def make(held: work.Claim) -> None:
    """Write and store the archive of a claimed package; the result commits once, by the claim's token.

    Raises LeaseLost, OSError where a stored file is missing or not what it was, StorageUnavailable.
    """
    package = Package.objects.select_related("case__force", "case__subject", "requested_by").get(pk=held.pk)
    offences = offences_of(package.case)
    files = enclosed(package, offences)
    told = record_of(package, offences)
    about = {"format": FORMAT, "kind": package.kind, "package": str(package.uid), "caveat": told["caveat"]}
    about |= {"case": str(package.case.uid), "made_at": plain(timezone.now())}
    with tempfile.TemporaryFile() as file:
        contents = _contents(held, told, files)
        manifest = archive.seal(file, contents, about, archive.signing_key())
        result = {"bytes": file.tell(), "sha256": _digest(file), "manifest": manifest}
        result["key"] = storage.store_file(storage.packages(), file, suffix=".zip")
    _commit(held, package, offences, result)


def _contents(
    held: work.Claim, told: dict[str, Any], files: Sequence[Enclosed]
) -> Iterator[tuple[str, bytes]]:
    """Every file in the order of the archive; the paper comes last, when the pictures have been read."""
    yield archive.RECORD, archive.as_json(told)
    yield archive.SCHEMA, SCHEMA_FILE.read_bytes()
    pictures = {}
    for number, one in enumerate(files):
        _still_ours(held, number, len(files))
        content = _read(one)
        if one.shown:
            pictures[PurePath(one.name).stem] = for_paper(content)
        yield one.name, content
    yield archive.PAPER, paper(told, pictures, archive.fingerprint(archive.signing_key().public_key()))


def _still_ours(held: work.Claim, done: int, of: int) -> None:
    lease = ExpressionWrapper(Now() + conf.work_policy().lease, output_field=models.DateTimeField())
    mine = Package.objects.filter(pk=held.pk, work_token=held.token)
    if mine.update(work_lease_until=lease, steps_done=done, steps_all=of) != 1:
        raise LeaseLost


def _read(one: Enclosed) -> bytes:
    content = storage.read(one.place, one.key)
    if hashlib.sha256(content).hexdigest() != one.sha256:
        raise OSError(f"{one.name}: the stored file is not what was received")
    return content


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


@transaction.atomic
def _commit(
    held: work.Claim, package: Package, offences: Sequence[CaseOffence], result: dict[str, Any]
) -> None:
    stills = [still for one in offences for still in one.offender.stills.all()]
    documents = documents_of(offences)
    _hold(Still, stills)
    _hold(Document, documents)
    decided = [one.decision.candidate for one in offences if one.decision and one.decision.candidate]
    images = CustodyImage.objects.filter(pk__in=[one.image_id for one in decided])
    result |= {
        "stills": [str(one.uid) for one in stills],
        "documents": [str(one.uid) for one in documents],
        "custody_images": [str(uid) for uid in images.values_list("uid", flat=True)],
        "expires_at": timezone.now() + timedelta(days=settings.PACKAGE_DAYS),
        "steps_done": F("steps_all"),
    }
    if not work.settle(held, **result):
        raise LeaseLost
    record(Tag.PACKAGE_MADE, actor=MAKER, subject=package, sha256=result["sha256"], bytes=result["bytes"])


def _hold(model: type[Still] | type[Document], rows: Sequence[Still | Document]) -> None:
    """Until this commits none of them can be erased: an erasure then finds the package and its archive."""
    kept = model._default_manager.filter(pk__in=[one.pk for one in rows]).order_by("pk")
    if len(kept.select_for_update(no_key=True).values_list("pk")) != len(rows):
        raise LeaseLost(f"a {model._meta.verbose_name} was erased meanwhile")


# --- handing out, and the end ---------------------------------------------------------------------
@transaction.atomic
def hand_out(package: Package, *, recipient: str, reason: str, by: User) -> None:
    """Record that the archive is disclosed: to whom and why. Call it before the first byte is sent."""
    if by.role not in MAY_EDIT or by.organisation_id != package.case.force_id:
        raise Conflict("Your role does not hand out packages of this force's cases.")
    if not recipient.strip() or not reason.strip():
        raise Invalid("Say who receives the package, and why.")
    if not package.is_ready:
        raise Conflict("This package is not there to be downloaded.")
    record(
        Tag.EXPORTED,
        actor=by,
        subject=package,
        reason=reason.strip(),
        recipient=recipient.strip()[:200],
        kind=package.kind,
        case=str(package.case.uid),
        sha256=package.sha256,
    )


def expire() -> int:
    """Delete archives whose time is over; how many."""
    due = Package.objects.filter(gone_at=None, expires_at__lt=timezone.now()).exclude(key="")
    return sum(discard(one, "its time was over", by=MAKER) for one in due)


def discard(package: Package, why: str, *, by: Actor) -> bool:
    """Delete a package's archive; its row still lists what it contained. False where it was gone before."""
    with transaction.atomic():
        if not forget_archive(package, why):
            return False
        record_erased(package, why, by=by)
    delete_archive(package.key)
    return True


def forget_archive(package: Package, why: str) -> bool:
    """The row's part of `discard`, inside a transaction of the caller's; `record_erased` follows."""
    found = Package.objects.filter(pk=package.pk, gone_at=None).exclude(key="")
    return found.update(key="", gone_at=timezone.now(), gone_why=why) == 1


def record_erased(package: Package, why: str, *, by: Actor) -> None:
    """The log's part."""
    record(Tag.PACKAGE_ERASED, actor=by, subject=package, reason=why)


def delete_archive(key: str) -> bool:
    """The file's part; what stays now goes with the orphans."""
    try:
        storage.packages().delete(key)
    except OSError as error:
        log.warning("file_left_behind", key=key, error=str(error))
        return False
    return True
