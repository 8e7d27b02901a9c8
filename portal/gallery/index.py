"""The search index of this host: derived from the database, shared by all its worker processes.

Before every search it is brought up to the newest committed event, so that an enrolment or a
deletion counts for the next search of every process. Missing, damaged or foreign files are rebuilt.
"""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
import structlog
from django.conf import settings

from matching.errors import IndexCorrupt, IndexForeign
from matching.index import FlatIndex, Row
from portal.gallery import events
from portal.gallery.models import Event, EventKind, Template
from portal.gallery.vectors import vector_of

BATCH = 5000
log = structlog.get_logger(__name__)


@lru_cache(maxsize=4)
def _opened(directory: Path, model: str, dimension: int, epoch: str) -> FlatIndex:
    path = directory / f"{model}-{epoch}.index"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_one(path):
        if not path.exists():
            return FlatIndex.create(path, model=model, dimension=dimension, epoch=epoch)
        try:
            return FlatIndex.open(path, model=model, dimension=dimension, epoch=epoch)
        except (IndexCorrupt, IndexForeign) as error:
            log.warning("index_rebuilt", path=path.name, why=str(error))
            path.unlink()
            return FlatIndex.create(path, model=model, dimension=dimension, epoch=epoch)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Held by the one process of this host that changes the index."""
    with path.with_suffix(".catch-up").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def current_index(*, model: str, dimension: int) -> FlatIndex:
    """This host's index of a model, holding at least every event that had committed at the call."""
    index = _opened(Path(settings.INDEX_DIR), model, dimension, events.epoch())
    try:
        catch_up(index)
    except (IndexCorrupt, FileNotFoundError) as error:
        log.warning("index_reopened", why=str(error))
        _opened.cache_clear()
        index = _opened(Path(settings.INDEX_DIR), model, dimension, events.epoch())
        catch_up(index)
    return index


def catch_up(index: FlatIndex) -> int:
    """Apply the events the index has not seen, in order; the seq it now stands at."""
    wanted = events.latest_seq()
    if index.snapshot().seq >= wanted:
        return wanted
    with _only_one(index.path):
        while (seen := index.snapshot().seq) < wanted:
            batch = list(Event.objects.filter(seq__gt=seen).order_by("seq")[:BATCH])
            for kind, run in groupby(batch, key=lambda event: event.kind):
                _apply(index, EventKind(kind), list(run))
    return wanted


def _apply(index: FlatIndex, kind: EventKind, run: list[Event]) -> None:
    seq = run[-1].seq
    ids = [event.template_id for event in run if event.model == index.model]
    if kind == EventKind.PURGED and ids:
        index.purge(ids, seq=seq)
    elif kind == EventKind.ADDED and ids:
        index.add(list(_rows(ids)), seq=seq)
    else:
        index.advance(seq=seq)


def _rows(ids: Iterable[int]) -> Iterator[Row]:
    # A template purged since has no row any more; its purge is a later event of the same log.
    for template in Template.objects.filter(pk__in=list(ids)).order_by("pk"):
        yield Row(template.pk, vector_of(template))


def stored_rows(model: str) -> Iterator[Row]:
    """Every template of a model as the database holds it: what a rebuild or a verification compares with."""
    for template in Template.objects.filter(model=model).order_by("pk").iterator(chunk_size=BATCH):
        yield Row(template.pk, np.asarray(vector_of(template)))
