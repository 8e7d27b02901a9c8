"""Erasing: rows and index first, in a transaction; then the files; then the certificate is completed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import structlog
from django.core.files.storage import Storage
from django.db import transaction
from django.utils import timezone

from matching.index import PurgeReceipt
from portal import storage
from portal.audit.log import Actor, record
from portal.audit.tags import Tag
from portal.cases.actions.erasure import Forgotten, forget_custody_image, forget_document, forget_still
from portal.gallery.actions import Purged, purge_templates
from portal.gallery.index import index_of
from portal.gallery.models import CustodyImage
from portal.questions.models import Document
from portal.retention.models import ErasureCertificate
from portal.reviews.actions import forget_probe
from portal.searches.models import Candidate, Search
from portal.submissions.models import Still

log = structlog.get_logger(__name__)


class AlreadyErased(Exception):
    """Somebody else has erased it meanwhile."""


# --- custody --------------------------------------------------------------------------------------
def erase_custody_image(image: CustodyImage, *, by: Actor, reason: str) -> ErasureCertificate:
    """Erase image, crops, templates and index rows of one custody image; the certificate.

    Gone for every search from the commit on. AlreadyErased where it was done before.
    """
    certificate, purged, keys, forgotten = _erase_custody_rows(image, by, reason)
    receipts = _receipts(purged)
    files = _delete_files(storage.custody(), keys) + forgotten.delete_archives()
    return _complete(certificate, receipts, files)


@transaction.atomic
def _erase_custody_rows(
    image: CustodyImage, by: Actor, reason: str
) -> tuple[ErasureCertificate, list[Purged], list[str], Forgotten]:
    erased = CustodyImage.objects.filter(pk=image.pk, erased_at=None).update(
        erased_at=timezone.now(),
        original_key="",
        copy_key="",
        box=None,
        landmarks=None,
        quality={},
    )
    if erased != 1:
        raise AlreadyErased("This image has been erased already.")
    purged = purge_templates([image])
    returned = Candidate.objects.filter(image=image)
    forgotten = forget_custody_image(image.uid)
    certificate = ErasureCertificate.objects.create(
        by=by.audit_name,
        subject_type=image._meta.label_lower,
        subject_id=str(image.uid),
        reason=reason[:300],
        sha256=image.original_sha256,
        templates=[one.template_id for one in purged],
        searches=sorted(str(uid) for uid in returned.values_list("search__uid", flat=True)),
        packages=forgotten.packages,
    )
    returned.update(image=None)
    forgotten.record(by=by)
    record(Tag.CUSTODY_ERASED, actor=by, subject=image, reason=reason, certificate=str(certificate.uid))
    return certificate, purged, [image.original_key, image.copy_key], forgotten


def _receipts(purged: Sequence[Purged]) -> list[PurgeReceipt]:
    return [
        receipt
        for model, dimension in sorted({(one.model, one.dimension) for one in purged})
        for receipt in index_of(model=model, dimension=dimension).catch_up()
    ]


def _delete_files(place: Storage, keys: Iterable[str]) -> int:
    """How many were deleted. No row names them any more: what stays now goes with the orphans."""
    gone = 0
    for key in filter(None, keys):
        try:
            place.delete(key)
            gone += 1
        except OSError as error:
            log.warning("file_left_behind", key=key, error=str(error))
    return gone


def _complete(
    certificate: ErasureCertificate, receipts: Sequence[PurgeReceipt], files: int
) -> ErasureCertificate:
    certificate.files = files
    certificate.receipts = [asdict(receipt) for receipt in receipts]
    certificate.save(update_fields=["files", "receipts", "packages"])
    return certificate


# --- stills ---------------------------------------------------------------------------------------
def erase_still(still: Still, *, by: Actor, reason: str) -> ErasureCertificate:
    """Erase a probe: original, copy, faces, query vectors. Its searches stay as records without a face."""
    keys = (still.original_key, still.copy_key)
    with transaction.atomic():
        searches = Search.objects.filter(still=still)
        certificate = ErasureCertificate.objects.create(
            by=by.audit_name,
            subject_type=still._meta.label_lower,
            subject_id=str(still.uid),
            reason=reason[:300],
            sha256=still.original_sha256,
            searches=sorted(str(uid) for uid in searches.values_list("uid", flat=True)),
        )
        used = list(searches.values_list("pk", flat=True))
        searches.update(query=b"", quality={})
        forget_probe(still)
        uid = still.uid
        if not Still.objects.filter(pk=still.pk).delete()[0]:
            raise AlreadyErased("This still has been erased already.")
        forgotten = forget_still(uid, used)
        certificate.packages = forgotten.packages
        forgotten.record(by=by)
        record(
            Tag.STILL_ERASED,
            actor=by,
            subject=("submissions.still", uid),
            reason=reason,
            certificate=str(certificate.uid),
        )
    files = _delete_files(storage.originals(), keys[:1]) + _delete_files(storage.stills(), keys[1:])
    return _complete(certificate, (), files + forgotten.delete_archives())


# --- documents ------------------------------------------------------------------------------------
def erase_document(document: Document, *, by: Actor, reason: str) -> ErasureCertificate:
    """Erase a document that came with an answer; AlreadyErased where it was done before."""
    uid, key = document.uid, document.key
    with transaction.atomic():
        certificate = ErasureCertificate.objects.create(
            by=by.audit_name,
            subject_type=document._meta.label_lower,
            subject_id=str(uid),
            reason=reason[:300],
            sha256=document.sha256,
        )
        if not Document.objects.filter(pk=document.pk).delete()[0]:
            raise AlreadyErased("This document has been erased already.")
        forgotten = forget_document(uid)
        certificate.packages = forgotten.packages
        forgotten.record(by=by)
        record(
            Tag.DOCUMENT_ERASED,
            actor=by,
            subject=("questions.document", uid),
            reason=reason,
            certificate=str(certificate.uid),
        )
    files = _delete_files(storage.originals(), [key])
    return _complete(certificate, (), files + forgotten.delete_archives())
