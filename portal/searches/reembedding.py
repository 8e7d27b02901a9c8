"""Moving a gallery to another model while the old one keeps serving: embed, compare in the shadow, switch.

Every step can be interrupted and run again. Vectors of different models never meet: each model has its own
templates and its own index, and a search names one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from matching.bulk import Known, embed_known
from matching.decoding import decode_normalised
from matching.engine import EngineInfo, EngineSettings, FaceEngine
from matching.geometry import Box
from matching.index import to_grid
from portal import storage
from portal.audit.log import Actor, record
from portal.audit.tags import Tag
from portal.celery import BULK, send_on_commit
from portal.gallery import actions, events
from portal.gallery.models import CustodyImage, Serving, Template
from portal.searches.actions import search_gallery
from portal.searches.models import Search
from portal.submissions.actions import PROCESS_STILL
from portal.submissions.models import Still
from portal.work import WorkState, requeued

Progress = Callable[[int, int], None]  # images done, images in all
CHUNK = 200


class NotReady(Exception):
    """The switch was refused; the message says what is missing."""


def remaining(info: EngineInfo) -> QuerySet[CustodyImage]:
    """Enrolled images without a template of this model and version."""
    theirs = Template.objects.filter(image=OuterRef("pk"))
    wanted = theirs.filter(model=info.model, model_version=info.model_version)
    return CustodyImage.objects.filter(Exists(theirs), ~Exists(wanted), erased_at=None)


def reembed(
    settings: EngineSettings, info: EngineInfo, *, processes: int = 1, progress: Progress | None = None
) -> list[str]:
    """Give every enrolled image a template of this engine; what could not be embedded, in words."""
    failed: list[str] = []
    total = remaining(info).count()
    for done, one in enumerate(embed_known(_known(info), settings, processes=processes), start=1):
        if one.vector is None:
            failed.append(f"custody image {one.key}: {one.error}")
        else:
            actions.enrol_again(one.key, one.vector, info)
        if progress:
            progress(done, total)
    return failed


def _known(info: EngineInfo) -> Iterator[Known]:
    last = 0
    while rows := list(remaining(info).filter(pk__gt=last).order_by("pk")[:CHUNK]):
        for image in rows:
            jpeg = storage.read(storage.custody(), image.copy_key)
            yield Known(image.pk, jpeg, Box(**(image.box or {})))
        last = rows[-1].pk


# --- in the shadow --------------------------------------------------------------------------------
@dataclass(frozen=True)
class Shadow:
    """One past search asked again of both models, today: first candidates, and how many the lists share."""

    search: UUID
    length: int
    shared: int
    old_first: UUID | None
    new_first: UUID | None
    old_first_now_at: int | None  # rank in the new list, None: not on it

    @property
    def differs(self) -> bool:
        """Whether another person heads the list."""
        return self.old_first != self.new_first


def compare(engine: FaceEngine, old: EngineInfo, *, last: int, by: Actor) -> list[Shadow]:
    """The last searches whose stills are kept, newest first, asked of both; only a log entry is kept."""
    kept = Search.objects.filter(
        still__isnull=False, face__isnull=False, model=old.model, model_version=old.model_version
    )
    rows = kept.select_related("still", "face", "campaign__force").order_by("-pk")[:last]
    found = [_shadow(engine, old, search) for search in rows]
    with transaction.atomic():
        about = {"old": f"{old.model} {old.model_version}", "new": engine.info.model_version}
        record(Tag.MODELS_COMPARED, actor=by, subject=("gallery.serving", 1), searches=len(found), **about)
    return found


def _shadow(engine: FaceEngine, old: EngineInfo, search: Search) -> Shadow:
    assert search.still is not None
    assert search.face is not None
    face = search.face
    pixels = decode_normalised(storage.read(storage.stills(), search.still.copy_key))
    [again, *_] = engine.find_faces(pixels, region=Box(face.x, face.y, face.w, face.h))
    query = to_grid(engine.embed([again]))[0]
    force, length = search.campaign.force, search.list_length
    new = [one.subject_uid for one in search_gallery(query, engine.info, force, length=length).listed]
    before = [one.subject_uid for one in search.candidates.all()]
    first = before[0] if before else None
    return Shadow(
        search.uid,
        length,
        len(set(before) & set(new)),
        first,
        new[0] if new else None,
        new.index(first) + 1 if first in new else None,
    )


# --- the switch -----------------------------------------------------------------------------------
@transaction.atomic
def switch(settings: EngineSettings, info: EngineInfo, *, by: Actor) -> None:
    """From this commit on everybody searches with this model; NotReady while an image lacks a template."""
    events.hold()  # nobody enrols between the count and the switch
    if missing := remaining(info).count():
        raise NotReady(
            f"{missing} enrolled images have no template of {info.model} {info.model_version} yet."
        )
    Serving.objects.update_or_create(
        pk=1,
        defaults={
            "model": info.model,
            "model_version": info.model_version,
            "weights_dir": str(settings.weights_dir or ""),
        },
    )
    record(
        Tag.MODEL_SWITCHED,
        actor=by,
        subject=("gallery.serving", 1),
        model=info.model,
        version=info.model_version,
    )


@transaction.atomic
def search_again(stills: QuerySet[Still], *, why: str, by: Actor) -> int:
    """Queue finished stills once more, in bulk: their lists are another model's. How many."""
    ids = list(stills.filter(work_state=WorkState.DONE).values_list("pk", flat=True))
    changed = Still.objects.filter(pk__in=ids, work_state=WorkState.DONE).update(**requeued())
    for pk in ids:
        send_on_commit(PROCESS_STILL, queue=BULK, still_id=pk)
    record(Tag.SEARCHES_REPEATED, actor=by, subject=("gallery.serving", 1), stills=changed, reason=why)
    return changed
