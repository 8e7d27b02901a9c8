"""Where things lie in an index file: two header slots, then chunks of equal size.

A chunk holds `chunk_rows` rows as columns (vectors, codes, residuals, checks, seqs, ids), page-aligned,
and room for as many tombstones. Chunk i holds rows and tombstones i·chunk_rows and up.
"""

import mmap
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.errors import IndexCorrupt
from matching.index.header import HEADER_BYTES, Header, latest
from matching.index.protocol import Ids

PAGE = 4096
FEW = 8
Scalar = TypeVar("Scalar", bound=np.generic)
TOMBSTONE = np.dtype(
    [("template_id", "<i8"), ("enrolled", "<i8"), ("purged", "<i8"), ("row", "<i8"), ("check", "<u8")]
)


@dataclass(frozen=True)
class Column:
    """One field of every row: its dtype, how many of them, and where it starts within a chunk, in bytes."""

    dtype: np.dtype[np.generic]
    width: int
    start: int

    @property
    def row_bytes(self) -> int:
        """Bytes of one row's field."""
        return self.dtype.itemsize * self.width


@dataclass(frozen=True)
class Geometry:
    """Offsets for a dimension and a chunk size."""

    dimension: int
    chunk_rows: int

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Row columns in the order in which a row is written: its id last, which makes it visible."""
        fields = (
            ("vectors", "<f4", self.dimension),
            ("codes", "<i1", self.dimension),
            ("residuals", "<f4", 1),
            ("checks", "<u8", 1),
            ("seqs", "<i8", 1),
            ("ids", "<i8", 1),
            ("tombstones", TOMBSTONE, 1),
        )
        columns, start = {}, 0
        for name, dtype, width in fields:
            columns[name] = Column(np.dtype(dtype), width, start)
            start += -(-columns[name].row_bytes * self.chunk_rows // PAGE) * PAGE
        return columns

    @cached_property
    def chunk_bytes(self) -> int:
        """Bytes of one chunk, a multiple of the page size."""
        last = list(self.columns.values())[-1]
        return last.start + -(-last.row_bytes * self.chunk_rows // PAGE) * PAGE

    def file_bytes(self, chunks: int) -> int:
        """Bytes of a file with that many chunks."""
        return HEADER_BYTES + chunks * self.chunk_bytes

    def offset(self, column: str, row: int) -> int:
        """Where a row's field lies in the file."""
        chunk, place = divmod(row, self.chunk_rows)
        field = self.columns[column]
        return HEADER_BYTES + chunk * self.chunk_bytes + field.start + place * field.row_bytes

    def chunks_for(self, rows: int) -> int:
        """Chunks that hold that many rows (or tombstones)."""
        return -(-rows // self.chunk_rows)


class Mapping:
    """A read-only view of one index file, shared with every process that maps it; for any thread."""

    def __init__(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise IndexCorrupt(f"there is no index at {path}: rebuild it from the database") from None
        try:
            self._map(descriptor, path)
        finally:
            os.close(descriptor)

    def _map(self, descriptor: int, path: Path) -> None:
        status = os.fstat(descriptor)
        self.path = path
        self.identity = (status.st_dev, status.st_ino)
        if status.st_size < HEADER_BYTES:
            raise IndexCorrupt(f"{path} is truncated: rebuild it from the database")
        self.memory = mmap.mmap(descriptor, status.st_size, prot=mmap.PROT_READ)
        self.bytes = status.st_size
        header = self.header()
        self.geometry = Geometry(header.dimension, header.chunk_rows)
        self.chunks = (status.st_size - HEADER_BYTES) // self.geometry.chunk_bytes

    def header(self) -> Header:
        """The committed state now. IndexCorrupt if neither slot is valid or the file is too short."""
        for _ in range(100):
            # Both slots can only look torn while a writer commits twice during one read.
            self._require(HEADER_BYTES)
            header = latest(self.memory[:HEADER_BYTES])
            if header is not None:
                self._require(Geometry(header.dimension, header.chunk_rows).file_bytes(header.chunks))
                return header
        raise IndexCorrupt(f"both headers of {self.path} are damaged: rebuild it from the database")

    def _require(self, size: int) -> None:
        # Touching a page past the end of a file kills the process: look first.
        if self.memory.size() < size:
            raise IndexCorrupt(f"{self.path} is truncated: rebuild it from the database")

    def covers(self, header: Header) -> bool:
        """Whether all chunks of that state are mapped."""
        return header.chunks <= self.chunks

    def column(self, name: str) -> NDArray[np.generic]:
        """A view of one column of the file, (chunks, chunk_rows, width) or (chunks, chunk_rows)."""
        geometry, field = self.geometry, self.geometry.columns[name]
        wide = field.width > 1 or name in {"vectors", "codes"}
        shape = (self.chunks, geometry.chunk_rows) + ((field.width,) if wide else ())
        strides = (geometry.chunk_bytes, field.row_bytes) + ((field.dtype.itemsize,) if wide else ())
        start = HEADER_BYTES + field.start
        if not self.chunks:
            return np.empty(shape, dtype=field.dtype)
        return np.ndarray(shape, field.dtype, buffer=self.memory, offset=start, strides=strides)

    @cached_property
    def ids(self) -> Ids:
        """Template ids, int64 (chunks, chunk_rows); 0 where a row is free."""
        return self.column("ids")  # type: ignore[return-value]

    @cached_property
    def seqs(self) -> Ids:
        """The seq that enrolled each row, int64 (chunks, chunk_rows)."""
        return self.column("seqs")  # type: ignore[return-value]

    @cached_property
    def checks(self) -> NDArray[np.uint64]:
        """Row checksums, uint64 (chunks, chunk_rows)."""
        return self.column("checks")  # type: ignore[return-value]

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Vectors, float32 (chunks, chunk_rows, d)."""
        return self.column("vectors")  # type: ignore[return-value]

    @cached_property
    def codes(self) -> NDArray[np.int8]:
        """Vectors in code steps, int8 (chunks, chunk_rows, d)."""
        return self.column("codes")  # type: ignore[return-value]

    @cached_property
    def residuals(self) -> NDArray[np.float32]:
        """L2 norm of what the codes leave out, rounded up, float32 (chunks, chunk_rows)."""
        return self.column("residuals")  # type: ignore[return-value]

    def rows_with(self, ids: Ids, rows: int) -> Ids:
        """Which of the first `rows` rows have one of those ids (0: free), ascending."""
        known = self.ids[: self.geometry.chunks_for(rows)]
        # A few comparisons of the whole column are cheaper than the tables that isin makes.
        few = len(ids) <= FEW
        match = (
            np.any([known == wanted for wanted in ids], axis=0) if few and len(ids) else np.isin(known, ids)
        )
        found = np.flatnonzero(match)
        return found[found < rows]

    def rows_after(self, seq: int, rows: int) -> Ids:
        """Which of the first `rows` rows have a later seq, ascending."""
        found = np.flatnonzero(self.seqs[: self.geometry.chunks_for(rows)] > seq)
        return found[found < rows]

    def at(self, column: NDArray[Scalar], rows: Ids) -> NDArray[Scalar]:
        """A column's values at those rows; a copy."""
        chunk, place = np.divmod(rows, self.geometry.chunk_rows)
        return column[chunk, place]

    def tombstones(self, first: int, last: int) -> NDArray[np.void]:
        """Tombstones first ≤ i < last. IndexCorrupt if one's checksum is wrong."""
        column = self.column("tombstones")
        used = self.geometry.chunks_for(last)
        records: NDArray[np.void] = column[:used].reshape(-1)[first:last]  # type: ignore[assignment]
        if not np.array_equal(records["check"], tombstone_checks(records)):
            raise IndexCorrupt(f"the purge log of {self.path} is damaged: rebuild it from the database")
        return records


def tombstone_checks(records: NDArray[np.void]) -> NDArray[np.uint64]:
    """A mix of a tombstone's four fields that tells a damaged or unwritten record (not a forged one)."""
    mixed = np.full(records.shape, 0x9E3779B97F4A7C15, dtype=np.uint64)
    for name in ("template_id", "enrolled", "purged", "row"):
        mixed = (mixed ^ records[name].astype(np.uint64)) * np.uint64(0xD6E8FEB86659FD93)
        mixed ^= mixed >> np.uint64(32)
    return mixed
