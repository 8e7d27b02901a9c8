"""The only writer of custody subjects, images and templates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from matching.decoding import NormalisedImage
from matching.engine import EngineInfo, Face
from matching.index import GRID, to_grid
from portal import storage, work
from portal.accounts.models import Organisation, User
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.celery import BULK, send_on_commit
from portal.gallery import events, serving
from portal.gallery.models import CaseOutcome, CustodyImage, CustodySubject, EventKind, Template
from portal.gallery.vectors import dimension_of, sealed

ENROL = "gallery.enrol_custody_image"
WORKER = SystemActor("enrolment")


@dataclass(frozen=True)
class CustodyRecord:
    """What a manifest row says of an image and its subject."""

    reference: str
    captured_on: date
    review_on: date
    case_outcome: CaseOutcome = CaseOutcome.UNKNOWN
    name: str = ""
    born_on: date | None = None
    age_at_capture: int | None = None
    sex: str = ""
    ethnicity: str = ""
    pnc_id: str = ""
    cro_number: str = ""


def add_custody_image(
    force: Organisation,
    about: CustodyRecord,
    content: bytes,
    digest: str,
    image: NormalisedImage,
    *,
    by: Actor,
    only_for: UUID | None = None,
) -> tuple[CustodyImage, bool]:
    """Store an image and queue its enrolment; the same bytes for the same subject are the same image.

    With `only_for` (an offender's uid) the subject is planted: no other offender's search finds it.
    """
    known = CustodyImage.objects.filter(
        subject__force=force,
        subject__reference=about.reference,
        subject__only_for=only_for,
        original_sha256=digest,
    )
    if existing := known.first():
        return existing, False
    keys = (
        storage.store(storage.custody(), content),
        storage.store(storage.custody(), image.jpeg, suffix=".jpg"),
    )
    try:
        return _keep(force, about, keys, digest=digest, image=image, by=by, only_for=only_for), True
    except IntegrityError:
        for key in keys:
            storage.custody().delete(key)
        return known.get(), False  # another import was quicker


@transaction.atomic
def _keep(
    force: Organisation,
    about: CustodyRecord,
    keys: tuple[str, str],
    *,
    digest: str,
    image: NormalisedImage,
    by: Actor,
    only_for: UUID | None,
) -> CustodyImage:
    original_key, copy_key = keys
    custody_image = CustodyImage.objects.create(
        subject=_subject(force, about, only_for),
        captured_on=about.captured_on,
        age_at_capture=about.age_at_capture,
        case_outcome=about.case_outcome,
        review_on=about.review_on,
        original_key=original_key,
        original_sha256=digest,
        copy_key=copy_key,
        copy_sha256=image.sha256,
        width=image.width,
        height=image.height,
    )
    send_on_commit(ENROL, queue=BULK, image_id=custody_image.pk)
    record(Tag.CUSTODY_IMPORTED, actor=by, subject=custody_image, sha256=digest)
    return custody_image


def _subject(force: Organisation, about: CustodyRecord, only_for: UUID | None) -> CustodySubject:
    personal = ("name", "born_on", "sex", "ethnicity", "pnc_id", "cro_number")
    subject, _ = CustodySubject.objects.get_or_create(
        force=force,
        reference=about.reference,
        only_for=only_for,
        defaults={name: getattr(about, name) for name in personal},
    )
    return subject


@transaction.atomic
def enrol(held: work.Claim, face: Face, vector: np.ndarray, info: EngineInfo) -> bool:
    """Commit a template once: row, event and log entry together. False where the lease was lost.

    Raises serving.Superseded where the gallery was switched to another model meanwhile.
    `vector` is float32 (d,), unit length; it is put on the index's grid here, once.
    """
    box = face.box
    fields = {
        "box": {"x": box.x, "y": box.y, "w": box.w, "h": box.h},
        "landmarks": np.asarray(face.landmarks).round(2).tolist(),
        "quality": face.quality.as_dict(),
    }
    if not work.settle(held, **fields):
        return False
    events.hold()
    serving.must_serve(info)
    _add_template(held.pk, vector, info)
    return True


@transaction.atomic
def enrol_again(image_id: int, vector: np.ndarray, info: EngineInfo) -> bool:
    """Commit another model's template beside the one that serves; False where there is one, or no image."""
    there = CustodyImage.objects.select_for_update(no_key=True).filter(pk=image_id, erased_at=None)
    made = Template.objects.filter(image=image_id, model=info.model, model_version=info.model_version)
    if not there.exists() or made.exists():
        return False
    _add_template(image_id, vector, info)
    return True


def _add_template(image_id: int, vector: np.ndarray, info: EngineInfo) -> None:
    template = Template.objects.create(
        image_id=image_id,
        model=info.model,
        model_version=info.model_version,
        detector=f"{info.detector} {info.detector_version}",
        grid=GRID,
        vector=sealed(to_grid(vector[None])[0], image_id=image_id, model=info.model),
    )
    events.append(EventKind.ADDED, [template.pk], model=info.model)
    image = CustodyImage.objects.only("uid").get(pk=image_id)
    record(Tag.TEMPLATE_ENROLLED, actor=WORKER, subject=image, model=info.model, version=info.model_version)


@transaction.atomic
def request_deletion(image: CustodyImage, *, by: User, reason: str) -> None:
    """Take an image out of every search from this commit on; erasing follows through retention."""
    asked = CustodyImage.objects.filter(pk=image.pk, deletion_requested_at=None, erased_at=None)
    if asked.update(
        deletion_requested_at=timezone.now(), deletion_requested_by=by, deletion_reason=reason[:300]
    ):
        record(Tag.CUSTODY_DELETION_REQUESTED, actor=by, subject=image, reason=reason)


@transaction.atomic
def change_review(
    image: CustodyImage, *, review_on: date, case_outcome: CaseOutcome, by: User, reason: str
) -> None:
    """Record a periodic review: a new review date and the outcome of the case as known now."""
    CustodyImage.objects.filter(pk=image.pk, erased_at=None).update(
        review_on=review_on, case_outcome=case_outcome
    )
    record(
        Tag.CUSTODY_CHANGED,
        actor=by,
        subject=image,
        reason=reason,
        review_on=review_on.isoformat(),
        case_outcome=case_outcome,
    )


@dataclass(frozen=True)
class Purged:
    """A template that is gone, and which index held it."""

    template_id: int
    model: str
    dimension: int


def purge_templates(images: Sequence[CustodyImage]) -> list[Purged]:
    """Delete the template rows of images and append the purge events; what went.

    Call inside the transaction of an erasure. The index follows before its next search;
    `portal.gallery.index.index_of(…).catch_up()` makes it follow at once and gives the receipt.
    """
    return _purge(Template.objects.filter(image__in=images))


@transaction.atomic
def _purge(templates: QuerySet[Template]) -> list[Purged]:
    rows = templates.order_by("model", "pk")
    gone = [Purged(row.pk, row.model, dimension_of(row)) for row in rows]
    rows.delete()
    for model in sorted({one.model for one in gone}):
        ids = [one.template_id for one in gone if one.model == model]
        events.append(EventKind.PURGED, ids, model=model)
    return gone


def purge_models(keep: EngineInfo) -> list[Purged]:
    """Delete every template that is not of this model and version; what went. A later replay will say so."""
    old = Template.objects.exclude(model=keep.model, model_version=keep.model_version)
    images = CustodyImage.objects.filter(pk__in=old.values("image"))
    return [one for part in _parts(images) for one in _purge(old.filter(image__in=part))]


def _parts(images: QuerySet[CustodyImage], size: int = 500) -> Iterator[list[int]]:
    ids = list(images.order_by("pk").values_list("pk", flat=True))
    return (ids[at : at + size] for at in range(0, len(ids), size))
