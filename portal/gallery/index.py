"""The search index of this host: derived from the database, shared by all its worker processes.

Before every search it is brought up to the newest committed event, so that an enrolment or a
deletion counts for the next search of every process. Missing, damaged or foreign files are rebuilt.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from uuid import UUID

import numpy as np
import structlog
from django.conf import settings

from matching.errors import IndexCorrupt, IndexForeign
from matching.index import FlatIndex, PurgeReceipt, Row, RowBatch, SearchHits, Tombstone, Verification
from portal.gallery import events
from portal.gallery.models import Event, EventKind, Template
from portal.gallery.vectors import vector_of

BATCH = 20_000
log = structlog.get_logger(__name__)


class ModelIndex:
    """One model's index file on this host, and how it follows the database."""

    def __init__(self, directory: Path, model: str, dimension: int, epoch: UUID) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.model, self.dimension = model, dimension
        path = directory / f"{model}-{epoch}.index"
        self._lock_path = path.with_suffix(".catch-up")
        self.flat = FlatIndex(path, model=model, dimension=dimension, epoch=epoch)

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        """Held by the one process of this host that is following the log."""
        with self._lock_path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def catch_up(self) -> list[PurgeReceipt]:
        """Apply every committed event the index has not seen; receipts of what was purged on the way."""
        wanted = events.latest_seq()
        if self._seen() == wanted:
            return []
        with self._only_one():
            if self._is_ahead():
                # The database was restored from a backup. The ids the index has buried may be given again.
                self.flat.path.unlink()
            if self._seen() is None:
                self._start_anew()
            return self._follow(wanted)

    def _is_ahead(self) -> bool:
        """Whether the index has seen what this database never committed."""
        return (self._seen() or 0) > events.latest_seq()

    def _seen(self) -> int | None:
        try:
            return self.flat.snapshot().seq
        except (IndexCorrupt, IndexForeign, FileNotFoundError):
            return None

    def _start_anew(self) -> None:
        """An empty index that remembers every purge, so that no rebuild brings anybody back."""
        log.warning("index_made_anew", index=self.flat.path.name, was_there=self.flat.path.exists())
        for path in self.flat.path.parent.glob(f"{self.model}-*.index"):
            if path != self.flat.path:
                path.unlink()  # of an earlier database: no erasure would ever reach it
        self.flat.rebuild((), seq=0, purged=list(_tombstones(self.model)))

    def _follow(self, wanted: int) -> list[PurgeReceipt]:
        receipts: list[PurgeReceipt] = []
        while (seen := self.flat.snapshot().seq) < wanted:
            batch = list(Event.objects.filter(seq__gt=seen).order_by("seq")[:BATCH])
            for kind, run in groupby(batch, key=lambda event: event.kind):
                receipt = self._apply(EventKind(kind), list(run))
                receipts += [receipt] if receipt else []
        return receipts

    def _apply(self, kind: EventKind, run: list[Event]) -> PurgeReceipt | None:
        seq = run[-1].seq
        seqs = {event.template_id: event.seq for event in run if event.model == self.model}
        if kind == EventKind.PURGED and seqs:
            return self.flat.purge(seqs, seq=seq)
        rows = _rows(list(seqs), seqs, self.dimension)
        if len(rows.ids):
            self.flat.add(rows, seq=seq)
        else:
            self.flat.advance(seq=seq)
        return None

    def search(
        self, query: np.ndarray, length: int, *, exclude: Sequence[int], as_of_seq: int | None
    ) -> SearchHits:
        """FlatIndex.search for one query; an index that proves damaged is made anew first."""
        try:
            return self.flat.search(query[None], length, exclude=exclude, as_of_seq=as_of_seq)[0]
        except (IndexCorrupt, IndexForeign) as error:
            log.warning("index_damaged", index=self.flat.path.name, why=str(error))
        self.make_anew()
        return self.flat.search(query[None], length, exclude=exclude, as_of_seq=as_of_seq)[0]

    def verify(self) -> Verification:
        """Compare every byte of the index with the database's templates, read one by one."""
        self.catch_up()
        rows = Template.objects.filter(model=self.model).order_by("pk").iterator(chunk_size=5000)
        return self.flat.verify(Row(template.pk, vector_of(template)) for template in rows)

    def make_anew(self) -> None:
        """Throw the file away and follow the log from its beginning."""
        with self._only_one():
            self._start_anew()
            self._follow(events.latest_seq())


def _tombstones(model: str) -> Iterator[Tombstone]:
    purged = dict(Event.objects.filter(kind=EventKind.PURGED, model=model).values_list("template_id", "seq"))
    added = Event.objects.filter(kind=EventKind.ADDED, model=model, template_id__in=purged)
    for template_id, seq in added.values_list("template_id", "seq"):
        yield Tombstone(template_id, seq, purged[template_id])


def _rows(ids: Sequence[int], seqs: dict[int, int], dimension: int) -> RowBatch:
    # A template purged since has no row any more; its purge is a later event of the same log.
    found: list[Template] = []
    for start in range(0, len(ids), 5000):
        found += Template.objects.filter(pk__in=ids[start : start + 5000]).order_by("pk")
    vectors = np.empty((len(found), dimension), np.float32)
    for position, template in enumerate(found):
        vectors[position] = vector_of(template)
    order = np.fromiter((template.pk for template in found), np.int64, len(found))
    numbered = np.fromiter((seqs[pk] for pk in order.tolist()), np.int64, len(found)) if seqs else None
    return RowBatch(order, vectors, numbered)


@lru_cache(maxsize=4)
def _opened(directory: Path, model: str, dimension: int, epoch: UUID) -> ModelIndex:
    return ModelIndex(directory, model, dimension, epoch)


def index_of(*, model: str, dimension: int) -> ModelIndex:
    """This host's index of a model, as it stands."""
    return _opened(Path(settings.INDEX_DIR), model, dimension, events.epoch())


def current_index(*, model: str, dimension: int) -> ModelIndex:
    """This host's index, holding at least every event that had committed at the call."""
    index = index_of(model=model, dimension=dimension)
    index.catch_up()
    return index
