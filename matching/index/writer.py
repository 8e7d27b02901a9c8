"""Changes to an index file, made by whoever holds its lock, such that a crash at any point can be mended.

Adding: intent → rows → commit. A row is visible from the commit on: readers ignore rows past the header's end
and rows with a later seq. Purging: tombstones → commit (gone from every search) → zeros → read back → done.
Whoever writes next, or opens the file, finishes what a dead writer had begun: an add is undone (the database
brings it again), a purge is completed.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matching.index.disk import ReadBack, opened, write_all, write_zeros
from matching.index.header import Header, Intent
from matching.index.layout import TOMBSTONE, Geometry, Mapping, tombstone_checks
from matching.index.leftovers import clear_leftovers
from matching.index.protocol import Ids, RowBatch
from matching.index.rows import digest_sum, row_checks, row_digests
from matching.index.scan import encode

ROW_COLUMNS = ("vectors", "codes", "residuals", "checks", "seqs", "ids")


def runs(rows: Ids, chunk_rows: int) -> Iterator[tuple[int, int]]:
    """Ascending row numbers as (start, stop) of unbroken stretches, none across a chunk's end."""
    if not len(rows):
        return
    breaks = np.flatnonzero((np.diff(rows) != 1) | (rows[1:] % chunk_rows == 0)) + 1
    for part in np.split(rows, breaks):
        yield int(part[0]), int(part[-1]) + 1


def write_rows(descriptor: int, header: Header, rows: Ids, batch: RowBatch, seqs: Ids) -> int:
    """Write a batch into those rows (ascending); returns the sum of its digests."""
    geometry = Geometry(header.dimension, header.chunk_rows)
    total = done = 0
    for start, stop in runs(rows, geometry.chunk_rows):
        part = slice(done, done + stop - start)
        digests = row_digests(batch.ids[part], batch.vectors[part])
        codes, residuals = encode(batch.vectors[part], header.code_step)
        fields = (
            batch.vectors[part],
            codes,
            residuals,
            row_checks(digests, seqs[part]),
            seqs[part],
            batch.ids[part],
        )
        for name, field in zip(ROW_COLUMNS, fields, strict=True):
            content = np.ascontiguousarray(field).astype(geometry.columns[name].dtype, copy=False)
            write_all(descriptor, content.data, geometry.offset(name, start))
        total += digest_sum(digests)
        done = part.stop
    return total


def write_tombstones(descriptor: int, geometry: Geometry, first: int, records: NDArray[np.void]) -> None:
    """Write tombstones from number `first` on, with their checksums."""
    records["check"] = tombstone_checks(records)
    numbers = np.arange(first, first + len(records))
    for start, stop in runs(numbers, geometry.chunk_rows):
        content = np.ascontiguousarray(records[start - first : stop - first])
        write_all(descriptor, content.tobytes(), geometry.offset("tombstones", start))


def grow(descriptor: int, geometry: Geometry, chunks: int) -> None:
    """Make room for that many chunks. OSError if the disk is full, before anything has changed."""
    size, needed = os.fstat(descriptor).st_size, geometry.file_bytes(chunks)
    if needed > size:
        os.posix_fallocate(descriptor, size, needed - size)


class Writer:
    """One change to the file at `path`; the caller holds its lock. Use as a context manager."""

    def __init__(self, path: Path, mapping: Mapping, header: Header) -> None:
        self._path = path
        self.mapping, self.header = mapping, header
        self.geometry = mapping.geometry

    def __enter__(self) -> "Writer":
        self._opened = opened(self._path, os.O_RDWR)
        self._descriptor = self._opened.__enter__()
        clear_leftovers(self._path)
        self._finish_what_was_begun()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.__exit__(None, None, None)

    def advance(self, seq: int) -> None:
        """Commit a later seq and nothing else."""
        if seq > self.header.seq:
            self._commit(self.header.next(seq=seq))

    def append(self, batch: RowBatch, seqs: Ids, seq: int) -> None:
        """Put rows into free places, then past the end; commit with `seq`."""
        header, rows = self.header, self._places(len(batch.ids))
        end = max(header.rows, int(rows[-1]) + 1)
        chunks = max(header.chunks, self.geometry.chunks_for(end))
        grow(self._descriptor, self.geometry, chunks)
        self._commit(header.next(chunks=chunks, intent=Intent.ADD, intent_count=end - header.rows))
        os.fdatasync(self._descriptor)
        added = write_rows(self._descriptor, header, rows, batch, seqs)
        os.fdatasync(self._descriptor)
        # Not synced: should this page be lost, the add is undone and the database brings it again.
        fingerprint = header.fingerprint + added
        live = header.live + len(rows)
        self._finish(rows=end, live=live, seq=seq, fingerprint=fingerprint)

    def bury(self, records: NDArray[np.void], seq: int, fingerprint: int) -> tuple[bool, str]:
        """Log tombstones (row −1: none) and erase their rows; whether these read back as zero; from where."""
        header, rows = self.header, records["row"][records["row"] >= 0]
        total = header.tombstones + len(records)
        chunks = max(header.chunks, self.geometry.chunks_for(total))
        grow(self._descriptor, self.geometry, chunks)
        write_tombstones(self._descriptor, self.geometry, header.tombstones, records)
        os.fdatasync(self._descriptor)
        self._commit(
            header.next(
                chunks=chunks, tombstones=total, live=header.live - len(rows), seq=max(seq, header.seq),
                fingerprint=fingerprint, intent=Intent.PURGE, intent_count=len(records),
            )
        )  # fmt: skip
        os.fdatasync(self._descriptor)
        verdict = self._erase(np.sort(rows))
        self._finish()
        return verdict

    def _places(self, count: int) -> Ids:
        """Row numbers for `count` new rows, ascending: the free ones, then those past the end."""
        header = self.header
        free = np.empty(0, dtype=np.int64)
        if header.live < header.rows:
            free = self.mapping.rows_with(np.zeros(1, np.int64), header.rows)[:count]
        past = np.arange(header.rows, header.rows + count - len(free), dtype=np.int64)
        return np.concatenate([free, past])

    def _finish_what_was_begun(self) -> None:
        if self.header.intent == Intent.PURGE:
            begun = self.mapping.tombstones(
                self.header.tombstones - self.header.intent_count, self.header.tombstones
            )
            self._erase(np.sort(begun["row"][begun["row"] >= 0]))
        elif self.header.intent == Intent.ADD:
            self._erase(self._uncommitted_rows())
        if self.header.intent != Intent.NONE:
            self._finish()

    def _uncommitted_rows(self) -> Ids:
        """Rows an unfinished add may have touched: free ones, those with a later seq, those past the end."""
        header = self.header
        free = self.mapping.rows_with(np.zeros(1, np.int64), header.rows)
        inside = np.union1d(free, self.mapping.rows_after(header.seq, header.rows))
        return np.concatenate([inside, np.arange(header.rows, header.rows + header.intent_count)])

    def _erase(self, rows: Ids) -> tuple[bool, str]:
        """Zeros over every field of those rows (ascending), synced, read back."""
        ranges = list(self._ranges(rows))
        for offset, length in ranges:
            write_zeros(self._descriptor, offset, length)
        os.fdatasync(self._descriptor)
        with ReadBack(self._path) as reader:
            zero = all(reader.is_zero(offset, length) for offset, length in ranges)
            return zero, reader.source

    def _ranges(self, rows: Ids) -> Iterator[tuple[int, int]]:
        for start, stop in runs(rows, self.geometry.chunk_rows):
            for name in ROW_COLUMNS:
                width = self.geometry.columns[name].row_bytes
                yield self.geometry.offset(name, start), width * (stop - start)

    def _finish(self, **changes: int) -> None:
        self._commit(self.header.next(intent=Intent.NONE, intent_count=0, **changes))

    def _commit(self, header: Header) -> None:
        write_all(self._descriptor, header.pack(), header.slot_offset)
        self.header = header


def tombstone_records(ids: Ids, enrolled: Ids, purged: int | Ids, rows: int | Ids = -1) -> NDArray[np.void]:
    """Tombstones as an array (TOMBSTONE), checksums not yet set."""
    records = np.zeros(len(ids), dtype=TOMBSTONE)
    records["template_id"], records["enrolled"] = ids, enrolled
    records["purged"], records["row"] = purged, rows
    return records
