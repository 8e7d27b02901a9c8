"""Analysing a still and searching the gallery: the result commits once, by the worker's token."""

import hashlib
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from matching.calibration import CROWD, Crowd, crowd_of
from matching.engine import EngineInfo, FaceEngine
from matching.engine import Face as FoundFace
from matching.geometry import Box
from matching.index import GRID, SearchHits, Snapshot, to_grid
from portal import vault, work
from portal.accounts.models import Organisation
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag
from portal.gallery.index import current_index
from portal.gallery.models import CustodyImage, Template
from portal.gallery.queries import excluded_templates, may_be_searched, searched_templates
from portal.searches.models import Candidate, Search
from portal.submissions.likeness import keep_likeness
from portal.submissions.models import Face, Likeness, Still
from portal.submissions.states import FaceChoice
from portal.work import WorkState

WORKER = SystemActor("matching")
SAME_FACE = 0.5  # overlap (intersection over union) from which two detections are the same face


class SearchNotAllowed(Exception):
    """The campaign lacks a recorded legal basis, purpose, necessity or proportionality."""


class ErasedMeanwhile(Exception):
    """An image of the list was erased between the search and the commit of its result."""


@dataclass(frozen=True)
class Listed:
    """One subject of a candidate list: its best template and exact score."""

    template_id: int
    image_id: int
    subject_id: int
    subject_uid: UUID
    score: float


@dataclass(frozen=True)
class Answer:
    """A candidate list and the state of the gallery it was made from."""

    listed: list[Listed]
    snapshot: Snapshot
    excluded: list[int]
    at: datetime
    duration_ms: int
    missing: tuple[int, ...] = ()  # templates in the gallery then, purged since
    crowd: Crowd | None = None  # None: too few people to stand out from

    def as_fields(self) -> dict[str, Any]:
        """What a Search keeps of when and of which gallery it was answered."""
        return {
            "at": self.at,
            "duration_ms": self.duration_ms,
            "engine": self.snapshot.engine,
            "grid": GRID,
            "gallery_seq": self.snapshot.seq,
            "gallery_size": self.snapshot.count,
            "gallery_digest": self.snapshot.fingerprint,
            "excluded_count": len(self.excluded),
            "excluded_digest": digest_of_ids(self.excluded),
            "crowd_mean": self.crowd.mean if self.crowd else None,
            "crowd_spread": self.crowd.spread if self.crowd else None,
        }


def digest_of_ids(ids: Sequence[int]) -> str:
    """SHA-256 (hex) of ascending template ids."""
    return hashlib.sha256(np.asarray(ids, "<i8").tobytes()).hexdigest()


def search_gallery(
    query: np.ndarray,
    info: EngineInfo,
    force: Organisation,
    *,
    length: int,
    offender: UUID | None = None,
    at: datetime | None = None,
    as_of_seq: int | None = None,
) -> Answer:
    """The best `length` subjects of a force for a grid vector, float32 (d,); exact, ties by template id.

    What was planted for `offender` (its uid) may be among them and is found for nobody else. `at` and
    `as_of_seq` ask the gallery as it stood then. Every result is checked against the database.
    """
    begun, moment = time.perf_counter(), at or timezone.now()
    index = current_index(model=info.model, dimension=info.dimension)
    excluded = excluded_templates(info.model, info.model_version, force, moment, offender=offender)
    searched = searched_templates(info.model, info.model_version, force, offender=offender)
    wanted = max(length, CROWD.stop)
    while True:
        hits = index.search(query, wanted, exclude=excluded, as_of_seq=as_of_seq)
        allowed = searched.filter(may_be_searched(moment, prefix="image__"), pk__in=hits.ids.tolist())
        people = _by_subject(hits, allowed)
        if len(people) >= length or len(hits.ids) < wanted:
            break
        wanted *= 2  # some subjects have several images: look further down
    crowd = crowd_of(np.array([one.score for one in people]))
    spent = int((time.perf_counter() - begun) * 1000)
    return Answer(people[:length], hits.snapshot, excluded, moment, spent, hits.missing, crowd)


def _by_subject(hits: SearchHits, allowed: QuerySet[Template]) -> list[Listed]:
    """Plain columns, no model instances: two hundred of these are read for every still."""
    columns = allowed.values_list("pk", "image_id", "image__subject_id", "image__subject__uid")
    found = {pk: (image_id, subject_id, uid) for pk, image_id, subject_id, uid in columns}
    best: dict[int, Listed] = {}
    for template_id, score in zip(hits.ids.tolist(), hits.scores.tolist(), strict=True):
        if template_id in found:
            image_id, subject_id, uid = found[template_id]
            best.setdefault(subject_id, Listed(template_id, image_id, subject_id, uid, score))
    return list(best.values())


# --- one still ------------------------------------------------------------------------------------
def analyse(still: Still, pixels: np.ndarray, engine: FaceEngine) -> tuple[list[FoundFace], int | None]:
    """Faces of a still, most prominent first, and which of them is to be searched (None: no face)."""
    region = Box(**still.region) if still.region else None
    found = engine.find_faces(pixels, region=region)
    if not found:
        return [], None
    if still.chosen_how == FaceChoice.PERSON and still.chosen_face:
        wanted = still.chosen_face
        overlaps = [_overlap(face.box, wanted) for face in found]
        if max(overlaps) >= SAME_FACE:
            return found, int(np.argmax(overlaps))
    return found, 0


def _overlap(box: Box, face: Face) -> float:
    width = min(box.x + box.w, face.x + face.w) - max(box.x, face.x)
    height = min(box.y + box.h, face.y + face.h) - max(box.y, face.y)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (box.w * box.h + face.w * face.h - shared)


def finish_without_face(held: work.Claim, info: EngineInfo) -> None:
    """The still has no face that was found: the sender is told and may draw a box."""
    with transaction.atomic():
        if work.settle(held, WorkState.REFUSED, error="no_face", detector=_detector(info)):
            Face.objects.filter(still_id=held.pk).delete()
            Likeness.objects.filter(still_id=held.pk).delete()
            still = Still.objects.values_list("uid", flat=True).get(pk=held.pk)
            record(Tag.FACE_NOT_FOUND, actor=WORKER, subject=("submissions.still", still))


@transaction.atomic
def finish_draft(
    held: work.Claim,
    still: Still,
    found: list[FoundFace],
    chosen: int,
    *,
    vector: np.ndarray,
    info: EngineInfo,
) -> None:
    """Commit the faces of a draft's still. Nothing is searched; see submissions.likeness for the vector."""
    face = _commit_faces(held, still, found, chosen, info)
    if face is not None and still.offender.submission.campaign.is_lawful:
        keep_likeness(still, vector, info)


def finish(
    held: work.Claim,
    still: Still,
    found: list[FoundFace],
    chosen: int,
    *,
    vector: np.ndarray | None,
    info: EngineInfo,
) -> Search | None:
    """Commit faces and, given a vector, the search: once. None where there was none or the lease was lost.

    Raises SearchNotAllowed before anything is searched where the campaign's grounds are not recorded.
    """
    offender = still.offender
    campaign = offender.submission.campaign
    if vector is not None and not campaign.is_lawful:
        raise SearchNotAllowed(f"campaign {campaign.uid} lacks recorded grounds")
    query = None if vector is None else to_grid(vector[None])[0]
    while True:
        answer = None
        if query is not None:
            length = campaign.list_length
            answer = search_gallery(query, info, campaign.force, length=length, offender=offender.uid)
        with suppress(ErasedMeanwhile):
            return _commit(held, still, found, chosen, query=query, answer=answer, info=info)


@transaction.atomic
def _commit(
    held: work.Claim,
    still: Still,
    found: list[FoundFace],
    chosen: int,
    *,
    query: np.ndarray | None,
    answer: Answer | None,
    info: EngineInfo,
) -> Search | None:
    face = _commit_faces(held, still, found, chosen, info)
    if face is None or query is None or answer is None:
        return None
    hold_images([answer])
    search = _store_search(still, face, query, answer, info)
    record_search(search)
    return search


def _commit_faces(
    held: work.Claim, still: Still, found: list[FoundFace], chosen: int, info: EngineInfo
) -> Face | None:
    """Settle the work and store what was found; the chosen face, None where the lease was lost."""
    how = still.chosen_how or FaceChoice.ENGINE
    if not work.settle(held, detector=_detector(info), chosen_how=how):
        return None
    faces = _store_faces(still, found)
    Still.objects.filter(pk=still.pk).update(chosen_face=faces[chosen])
    return faces[chosen]


def hold_images(answers: Iterable[Answer]) -> None:
    """Until this commits, no listed image can be erased: every certificate then names these searches.

    Raises ErasedMeanwhile where one has been.
    """
    listed = {one.image_id for answer in answers for one in answer.listed}
    kept = CustodyImage.objects.filter(pk__in=listed, erased_at=None).order_by("pk")
    if len(kept.select_for_update(no_key=True).values_list("pk")) != len(listed):
        raise ErasedMeanwhile


def _detector(info: EngineInfo) -> str:
    return f"{info.detector} {info.detector_version}"


def _store_faces(still: Still, found: list[FoundFace]) -> list[Face]:
    known = list(still.faces.all())
    kept: list[Face] = []
    for position, one in enumerate(found):
        same = next((face for face in known if _overlap(one.box, face) >= SAME_FACE), None)
        face = same or Face(still=still)
        if same:
            known.remove(same)
        face.position = position
        face.x, face.y, face.w, face.h = one.box.x, one.box.y, one.box.w, one.box.h
        face.landmarks = np.asarray(one.landmarks).round(2).tolist()
        face.detection_score = one.detection_score
        face.quality = one.quality.as_dict()
        face.save()
        kept.append(face)
    Face.objects.filter(pk__in=[face.pk for face in known]).delete()
    return kept


def query_context(digest: str) -> str:
    """What a sealed query vector is bound to."""
    return f"query:{digest}"


def _store_search(still: Still, face: Face, query: np.ndarray, answer: Answer, info: EngineInfo) -> Search:
    plain = np.ascontiguousarray(query, "<f4").tobytes()
    digest = hashlib.sha256(plain).hexdigest()
    campaign = still.offender.submission.campaign
    search = Search.objects.create(
        still=still,
        face=face,
        campaign=campaign,
        probe_sha256=still.original_sha256,
        query=vault.seal(plain, context=query_context(digest)),
        query_sha256=digest,
        model=info.model,
        model_version=info.model_version,
        detector=_detector(info),
        quality=face.quality,
        list_length=campaign.list_length,
        unified_quality=face.quality.get("unified_score"),
        **answer.as_fields(),
    )
    store_candidates(search, answer)
    return search


def store_candidates(search: Search, answer: Answer) -> None:
    """The list of an answer, as the rows of its search."""
    Candidate.objects.bulk_create(
        Candidate(
            search=search,
            rank=rank,
            subject_id=one.subject_id,
            subject_uid=one.subject_uid,
            image_id=one.image_id,
            template_id=one.template_id,
            score=one.score,
        )
        for rank, one in enumerate(answer.listed, start=1)
    )


def record_search(search: Search) -> None:
    """Enter a search in the log; last in its transaction."""
    record(
        Tag.SEARCH_PERFORMED,
        actor=search.requested_by or WORKER,
        subject=search,
        reason=search.basis,
        still=str(search.still.uid) if search.still else None,
        campaign=str(search.campaign.uid),
        gallery_seq=search.gallery_seq,
        candidates=search.candidates.count(),
        occasion=search.occasion,
    )
