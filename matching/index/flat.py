"""The default index: one memory-mapped file of rows, shared by every worker process of a host. Exact.

Nothing is cached that the file does not hold: what one process commits is in the next search of any other. An
instance may be used from several threads and survives a fork.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.errors import IndexCorrupt, IndexForeign, IndexStale
from matching.index.building import Builder, merged, remembered
from matching.index.disk import locked
from matching.index.grid import GRID, queries_on_grid
from matching.index.header import Header, Intent
from matching.index.layout import Mapping
from matching.index.protocol import (
    Excluded,
    Ids,
    PurgeReceipt,
    Rebuilt,
    RowBatch,
    Rows,
    SearchHits,
    Snapshot,
    Tombstone,
    Verification,
)
from matching.index.rows import digest_sum, fingerprint_text, one_batch, row_digests, selected
from matching.index.scan import Arithmetic, default_code_step, scan_for, shortlist_rows
from matching.index.selection import Selection, best, excluded_ids
from matching.index.verification import compared
from matching.index.writer import Writer, tombstone_records

ENGINE = "flat/1"
# A purge that commits while rows are being read makes the reader start again; then writers are made to wait.
FREE_ATTEMPTS = 3

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Tuning:
    """chunk_rows: by how many rows a file grows. arithmetic: no score depends on either."""

    chunk_rows: int = 16_384
    arithmetic: Arithmetic = "auto"


DEFAULT = Tuning()


class FlatIndex:
    """A GalleryIndex in the file at `path`. Making one touches nothing: `rebuild` needs no file."""

    def __init__(
        self, path: Path | str, *, model: str, dimension: int, epoch: UUID, tuning: Tuning = DEFAULT
    ) -> None:
        self.path = Path(path)
        self._model, self._dimension, self._epoch = model, dimension, epoch.bytes
        self._tuning = tuning
        self._mapping: Mapping | None = None

    @classmethod
    def create(
        cls, path: Path | str, *, model: str, dimension: int, epoch: UUID, tuning: Tuning = DEFAULT
    ) -> "FlatIndex":
        """A new, empty index. FileExistsError if there is a file."""
        index = cls(path, model=model, dimension=dimension, epoch=epoch, tuning=tuning)
        with locked(index.path):
            if index.path.exists():
                raise FileExistsError(f"{index.path} exists")
            index._build((), 0, ())
        return index

    @classmethod
    def open(
        cls, path: Path | str, *, model: str, dimension: int, epoch: UUID, tuning: Tuning = DEFAULT
    ) -> "FlatIndex":
        """An existing index, after finishing what a dead writer had begun. Raises an IndexFault."""
        index = cls(path, model=model, dimension=dimension, epoch=epoch, tuning=tuning)
        if index._current()[1].intent != Intent.NONE:
            with locked(index.path), index._writer():
                pass
        return index

    def add(self, rows: Rows, *, seq: int) -> Snapshot:
        """See GalleryIndex.add. One commit and two syncs, however many rows."""
        batch = one_batch(rows, self._dimension)
        with locked(self.path), self._writer() as writer:
            if seq > writer.header.seq:
                fresh = _fresh(writer, batch, seq)
                if len(fresh.ids):
                    writer.append(fresh, fresh.seqs, seq)  # type: ignore[arg-type]
                else:
                    writer.advance(seq)
            return self._snapshot(writer.header)

    def purge(self, template_ids: Iterable[int], *, seq: int) -> PurgeReceipt:
        """See GalleryIndex.purge."""
        ids = np.unique(np.fromiter(template_ids, dtype=np.int64))
        if ids.size and ids[0] <= 0:
            raise ValueError("template ids must be positive")
        with locked(self.path), self._writer() as writer:
            before = writer.header.fingerprint
            records, removed = _condemned(writer, ids, seq)
            verified, source = True, "nothing to erase"
            if len(records):
                verified, source = writer.bury(records, seq, before - removed)
            else:
                writer.advance(seq)
            return PurgeReceipt(
                template_ids=tuple(ids.tolist()),
                seq=seq,
                erased=int((records["row"] >= 0).sum()),
                fingerprint_before=fingerprint_text(before),
                fingerprint_after=writer.header.fingerprint_text,
                verified=verified,
                read_back=source,
            )

    def advance(self, *, seq: int) -> Snapshot:
        """See GalleryIndex.advance."""
        with locked(self.path), self._writer() as writer:
            writer.advance(seq)
            return self._snapshot(writer.header)

    def search(
        self,
        queries: ArrayLike,
        k: int,
        *,
        exclude: Excluded = None,
        min_seq: int = 0,
        as_of_seq: int | None = None,
    ) -> list[SearchHits]:
        """See GalleryIndex.search."""
        rounded = queries_on_grid(queries, self._dimension)
        if k < 1:
            raise ValueError("k must be at least 1")
        without = excluded_ids(exclude)
        needed = max(min_seq, as_of_seq or 0)

        def answer(mapping: Mapping, header: Header) -> list[SearchHits]:
            if header.seq < needed:
                raise IndexStale(f"{self.path} has reached seq {header.seq}, {needed} is asked for")
            selection = Selection(mapping, header, without, as_of_seq)
            return self._hits(mapping, header, selection, rounded, k)

        return self._undisturbed(answer) if len(rounded) else []

    def snapshot(self) -> Snapshot:
        """See GalleryIndex.snapshot."""
        return self._snapshot(self._current()[1])

    def verify(self, rows: Rows) -> Verification:
        """See GalleryIndex.verify. Reads every byte of every row."""
        return compared(rows, self._dimension, self._undisturbed)

    def rebuild(self, rows: Rows, *, seq: int, purged: Iterable[Tombstone] = ()) -> Rebuilt:
        """See GalleryIndex.rebuild. Other processes open the new file at their next call."""
        with locked(self.path):
            refused = self._build(rows, seq, purged)
            return Rebuilt(self.snapshot(), tuple(refused))

    def _build(self, rows: Rows, seq: int, purged: Iterable[Tombstone]) -> list[int]:
        generation, known = remembered(self.path, self._epoch)
        header = Header(
            self._model, GRID, self._epoch, self._dimension, self._tuning.chunk_rows,
            default_code_step(self._dimension), generation=generation, seq=seq,
        )  # fmt: skip
        builder = Builder(self.path, header, merged(known, purged))
        builder.build(rows)
        return builder.refused

    def _hits(
        self, mapping: Mapping, header: Header, selection: Selection, queries: NDArray[np.float32], k: int
    ) -> list[SearchHits]:
        scan = scan_for(queries, header.code_step, self._tuning.arithmetic)
        shortlists = shortlist_rows(mapping, header, scan, k, selection.visible)
        snapshot, missing = self._snapshot(header), selection.missing()
        hits = []
        for query, rows in zip(queries, shortlists, strict=True):
            found = best(mapping, rows, query, k)
            hits.append(SearchHits(found.ids, found.scores, snapshot, missing=missing))
        return hits

    def _undisturbed(self, answer: Callable[[Mapping, Header], Answer]) -> Answer:
        """What `answer` finds in a state that no purge touched while it was reading."""
        for _ in range(FREE_ATTEMPTS):
            mapping, header = self._current()
            try:
                answered = answer(mapping, header)
            except IndexCorrupt:
                if _untouched(mapping, header):
                    raise
                continue
            if _untouched(mapping, header):
                return answered
        with locked(self.path, shared=True):
            return answer(*self._current())

    def _current(self) -> tuple[Mapping, Header]:
        """The file that is at the path now, all of it mapped, and its state."""
        mapping = self._mapping
        if mapping is None or mapping.identity != _identity(self.path):
            mapping = Mapping(self.path)
        header = mapping.header()
        # A writer may grow or replace the file between any two of these lines.
        while header.intent == Intent.RETIRED or not mapping.covers(header):
            mapping = Mapping(self.path)
            header = mapping.header()
        if mapping is not self._mapping:
            self._require_ours(header)
            self._mapping = mapping
        return mapping, header

    def _writer(self) -> Writer:
        return Writer(self.path, *self._current())

    def _require_ours(self, header: Header) -> None:
        ours = (self._model, GRID, self._dimension, self._epoch)
        if (header.model, header.grid, header.dimension, header.epoch) != ours:
            raise IndexForeign(f"{self.path} was made for another model, grid or database: rebuild it")

    def _snapshot(self, header: Header) -> Snapshot:
        return Snapshot(header.seq, header.live, header.fingerprint_text, header.model, header.grid, ENGINE)


def _untouched(mapping: Mapping, header: Header) -> bool:
    """Whether no row that was visible in that state has been erased since."""
    now = mapping.header()
    return now.intent != Intent.RETIRED and now.tombstones == header.tombstones


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise IndexCorrupt(f"there is no index at {path}: rebuild it from the database") from None
    return status.st_dev, status.st_ino


def _fresh(writer: Writer, batch: RowBatch, seq: int) -> RowBatch:
    """The rows of a batch that are to be written, with their seqs: not the purged nor those already there."""
    seqs = np.full(len(batch.ids), seq, dtype=np.int64) if batch.seqs is None else batch.seqs
    if seqs.max(initial=0) > seq:
        raise ValueError("a row is newer than the seq of its batch")
    batch = RowBatch(batch.ids, batch.vectors, seqs)
    mapping, header = writer.mapping, writer.header
    buried = mapping.tombstones(0, header.tombstones)["template_id"]
    batch = selected(batch, (seqs > header.seq) & ~np.isin(batch.ids, buried))
    return selected(batch, ~_already_there(writer, batch))


def _already_there(writer: Writer, batch: RowBatch) -> NDArray[np.bool_]:
    mapping = writer.mapping
    rows = mapping.rows_with(batch.ids, writer.header.rows)
    held = dict(zip(mapping.at(mapping.ids, rows).tolist(), mapping.at(mapping.vectors, rows), strict=True))
    there = np.isin(batch.ids, list(held))
    for template_id, vector in zip(batch.ids[there].tolist(), batch.vectors[there], strict=True):
        if held[template_id].tobytes() != vector.tobytes():
            raise ValueError(f"template {template_id} is enrolled with another vector")
    return there


def _condemned(writer: Writer, ids: Ids, seq: int) -> tuple[NDArray[np.void], int]:
    """Tombstones for rows that hold those ids and for ids never heard of; the sum of the rows' digests."""
    mapping, header = writer.mapping, writer.header
    rows = mapping.rows_with(ids, header.rows)
    held = mapping.at(mapping.ids, rows)
    buried = mapping.tombstones(0, header.tombstones)["template_id"]
    unheard = ids[~np.isin(ids, held) & ~np.isin(ids, buried)]
    records = np.concatenate(
        [
            tombstone_records(held, mapping.at(mapping.seqs, rows), seq, rows),
            # Never here, as far as this index knows: no search of an earlier seq can miss it.
            tombstone_records(unheard, np.full(len(unheard), seq), seq),
        ]
    )
    return records, digest_sum(row_digests(held, mapping.at(mapping.vectors, rows)))
