"""A whole index file: for a new gallery, or instead of one that is damaged, foreign or full of gaps."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matching.errors import IndexFault
from matching.index.disk import opened, sync_directory, write_all
from matching.index.header import Header
from matching.index.layout import TOMBSTONE, Geometry, Mapping
from matching.index.leftovers import BUILDING, RETIRED, beside, clear_leftovers
from matching.index.protocol import Ids, RowBatch, Rows, Tombstone
from matching.index.rows import batches, selected
from matching.index.writer import grow, tombstone_records, write_rows, write_tombstones


class Builder:
    """Writes a file beside `path`, then puts it in its place. The caller holds the lock."""

    def __init__(self, path: Path, header: Header, tombstones: NDArray[np.void]) -> None:
        self._path, self._beside = path, beside(path, BUILDING)
        self._header, self._tombstones = header, tombstones
        self._geometry = Geometry(header.dimension, header.chunk_rows)
        self._buried = np.sort(tombstones["template_id"])
        self._ids: list[Ids] = []
        self.refused: list[int] = []

    def build(self, rows: Rows) -> None:
        """Write everything, sync, swap, overwrite the old file. Bad rows: ValueError, nothing has changed."""
        clear_leftovers(self._path)
        try:
            with opened(self._beside, os.O_RDWR | os.O_CREAT | os.O_EXCL) as descriptor:
                self._fill(descriptor, rows)
                os.fsync(descriptor)
        except BaseException:
            clear_leftovers(self._path)
            raise
        self._swap()

    def _fill(self, descriptor: int, rows: Rows) -> None:
        geometry, header = self._geometry, self._header
        first = fingerprint = 0
        for batch in batches(rows, header.dimension, header.chunk_rows):
            kept = self._allowed(batch)
            numbers = np.arange(first, first + len(kept.ids))
            grow(descriptor, geometry, geometry.chunks_for(first + len(numbers)))
            seqs = np.full(len(numbers), header.seq) if kept.seqs is None else kept.seqs
            fingerprint += write_rows(descriptor, header, numbers, kept, seqs)
            first += len(numbers)
        self._require_distinct()
        chunks = geometry.chunks_for(max(first, len(self._tombstones)))
        grow(descriptor, geometry, chunks)
        write_tombstones(descriptor, geometry, 0, self._tombstones)
        counts = {"rows": first, "live": first, "chunks": chunks, "tombstones": len(self._tombstones)}
        for _ in range(2):  # both slots
            header = header.next(**counts, fingerprint=fingerprint)
            write_all(descriptor, header.pack(), header.slot_offset)

    def _allowed(self, batch: RowBatch) -> RowBatch:
        """The batch without purged templates, which are noted in `refused`."""
        if batch.seqs is not None and batch.seqs.max(initial=0) > self._header.seq:
            raise ValueError("a row is newer than the rebuild's seq")
        purged = np.isin(batch.ids, self._buried)
        self.refused += batch.ids[purged].tolist()
        kept = selected(batch, ~purged)
        self._ids.append(kept.ids)
        return kept

    def _require_distinct(self) -> None:
        ids = np.concatenate([np.empty(0, np.int64), *self._ids])
        if np.unique(ids).size != ids.size:
            raise ValueError("the same template id comes twice")

    def _swap(self) -> None:
        # The old file keeps a name until it is overwritten: whoever comes after a crash finds it.
        with suppress(FileNotFoundError):
            os.link(self._path, beside(self._path, RETIRED))
        self._beside.replace(self._path)
        sync_directory(self._path)
        clear_leftovers(self._path)


def remembered(path: Path, epoch: bytes) -> tuple[int, NDArray[np.void]]:
    """Generation and tombstones of the file to be replaced; (0, none) if missing, damaged or foreign."""
    none = np.empty(0, dtype=TOMBSTONE)
    try:
        mapping = Mapping(path)
        header = mapping.header()
        if header.epoch != epoch:
            return header.generation, none
        return header.generation, mapping.tombstones(0, header.tombstones)
    except IndexFault:
        return 0, none


def merged(known: NDArray[np.void], purged: Iterable[Tombstone]) -> NDArray[np.void]:
    """Tombstones the index remembers and those of the database's log, one for each template."""
    given = list(purged)
    ids, enrolled, logged = (
        np.array([getattr(stone, name) for stone in given], dtype=np.int64)
        for name in ("template_id", "enrolled_seq", "purged_seq")
    )
    records = np.concatenate([known, tombstone_records(ids, enrolled, logged)])
    records["row"] = -1  # row numbers of another file
    _, first = np.unique(records["template_id"], return_index=True)
    return records[np.sort(first)]
