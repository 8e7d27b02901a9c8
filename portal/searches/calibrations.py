"""Making a calibration: from labelled images, or from what the running gallery knows of itself."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from matching.assessment import Assessment, assess
from matching.engine import EngineInfo
from matching.evaluation import Embedded, LabelledImage
from portal.audit.log import Actor, record
from portal.audit.tags import Tag
from portal.gallery.models import CustodyImage, Template
from portal.gallery.vectors import vector_of
from portal.searches.models import Calibration

NOWHERE = Path()  # these entries come from rows, not from files


class NothingLabelled(Exception):
    """There is nothing to calibrate on; the message says what would help."""


@transaction.atomic
def store_calibration(assessment: Assessment, *, info: EngineInfo, basis: str, by: Actor) -> Calibration:
    """Keep what was measured; from now on the pages speak by it."""
    made = Calibration.objects.create(
        made_at=timezone.now(),
        made_by=by.audit_name[:120],
        basis=basis[:300],
        model=info.model,
        model_version=info.model_version,
        gallery_size=assessment.calibration.gallery,
        lines=asdict(assessment.calibration),
        reliability=asdict(assessment.reliability) if assessment.reliability else None,
        chances=[asdict(one) for one in assessment.chances],
    )
    record(
        Tag.CALIBRATION_MADE,
        actor=by,
        subject=made,
        basis=made.basis,
        gallery=made.gallery_size,
        model=f"{info.model} {info.model_version}",
    )
    return made


def calibrate(
    gallery: Sequence[Embedded], probes: Sequence[Embedded], *, info: EngineInfo, basis: str, by: Actor
) -> Calibration:
    """Measure and keep; NothingLabelled where no probe's person is in the gallery."""
    persons = {entry.row.identity for entry in gallery if entry.vector is not None}
    if not any(entry.vector is not None and entry.row.identity in persons for entry in probes):
        raise NothingLabelled("No labelled picture shows anybody of this gallery.")
    measured = assess(gallery, probes, model=f"{info.model} {info.model_version}")
    return store_calibration(measured, info=info, basis=basis, by=by)


def gallery_entries(info: EngineInfo) -> list[Embedded]:
    """Every template of this model version; the identity is the subject's custody reference."""
    rows = Template.objects.filter(model=info.model, model_version=info.model_version)
    return [_entry(template) for template in rows.select_related("image__subject").order_by("image_id")]


def _entry(template: Template) -> Embedded:
    row = LabelledImage(NOWHERE, template.image.subject.reference, "gallery", "gallery")
    return Embedded(row, vector_of(template), _quality(template.image))


def _quality(image: CustodyImage) -> float:
    return float(image.quality.get("unified_score", 0.0))


def split_by_subject(entries: Sequence[Embedded]) -> tuple[list[Embedded], list[Embedded]]:
    """(gallery, probes): of people with several custody images the newest is the probe.

    Every second of them loses the others too, so that there are probes of nobody in the gallery.
    """
    by_person: dict[str, list[Embedded]] = defaultdict(list)
    for entry in entries:
        by_person[entry.row.identity].append(entry)
    several = sorted(person for person, images in by_person.items() if len(images) > 1)
    left_out = set(several[::2])
    gallery = [
        entry
        for person, images in by_person.items()
        if person not in left_out
        for entry in (images[:-1] if len(images) > 1 else images)
    ]
    return gallery, [by_person[person][-1] for person in several]
