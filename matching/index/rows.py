"""Rows as arrays, their digests, and the fingerprint of a gallery."""

import hashlib
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from matching.index.grid import on_grid
from matching.index.protocol import Ids, Row, RowBatch, Rows

MODULUS = 1 << 256
Digests = NDArray[np.uint8]


def batches(rows: Rows, dimension: int, size: int) -> Iterator[RowBatch]:
    """Checked batches of at most `size` rows. ValueError for a bad id, vector or shape."""
    source = _slices(rows, size) if isinstance(rows, RowBatch) else _gathered(iter(rows), size)
    for batch in source:
        yield _checked(batch, dimension)


def one_batch(rows: Rows, dimension: int) -> RowBatch:
    """All the rows in one checked batch; ValueError if an id comes twice."""
    if not isinstance(rows, RowBatch):
        given = list(rows)
        rows = _stacked(given) if given else _empty(dimension)
    batch = _checked(rows, dimension)
    if np.unique(batch.ids).size != batch.ids.size:
        raise ValueError("the same template id comes twice in one batch")
    return batch


def selected(batch: RowBatch, keep: NDArray[np.bool_]) -> RowBatch:
    """The rows where `keep` is true."""
    seqs = None if batch.seqs is None else batch.seqs[keep]
    return RowBatch(batch.ids[keep], batch.vectors[keep], seqs)


def row_digests(ids: Ids, vectors: NDArray[np.float32]) -> Digests:
    """SHA-256 of each row, uint8 (n, 32): id as little-endian int64, then the vector's float32."""
    if not len(ids):
        return np.empty((0, 32), dtype=np.uint8)
    width = 8 + 4 * vectors.shape[1]
    joined = np.empty((len(ids), width), dtype=np.uint8)
    joined[:, :8] = np.ascontiguousarray(ids, dtype="<i8").view(np.uint8).reshape(-1, 8)
    joined[:, 8:] = np.ascontiguousarray(vectors, dtype="<f4").view(np.uint8).reshape(len(ids), width - 8)
    view, sha256 = joined.data.cast("B"), hashlib.sha256
    packed = b"".join([sha256(view[at : at + width]).digest() for at in range(0, len(view), width)])
    return np.frombuffer(packed, dtype=np.uint8).reshape(-1, 32)


def row_checks(digests: Digests, seqs: Ids) -> NDArray[np.uint64]:
    """The checksum stored with each row: the digest's first eight bytes, mixed with the seq."""
    heads = np.ascontiguousarray(digests[:, :8]).view("<u8").reshape(-1)
    return np.bitwise_xor(heads, seqs.astype(np.uint64))


def digest_sum(digests: Digests) -> int:
    """The sum of the digests, each read as a little-endian integer, mod 2²⁵⁶: the same in any order."""
    words = np.ascontiguousarray(digests).view("<u4").reshape(-1, 8)
    totals = words.sum(axis=0, dtype=np.uint64)
    return sum(int(total) << (32 * place) for place, total in enumerate(totals)) % MODULUS


def fingerprint_text(fingerprint: int) -> str:
    """64 hex digits."""
    return f"{fingerprint % MODULUS:064x}"


def _slices(batch: RowBatch, size: int) -> Iterator[RowBatch]:
    for at in range(0, len(batch.ids), size):
        part = slice(at, at + size)
        seqs = None if batch.seqs is None else batch.seqs[part]
        yield RowBatch(batch.ids[part], batch.vectors[part], seqs)


def _gathered(rows: Iterator[Row], size: int) -> Iterator[RowBatch]:
    while part := list(islice(rows, size)):
        yield _stacked(part)


def _stacked(rows: list[Row]) -> RowBatch:
    seqs = [row.seq for row in rows if row.seq is not None]
    if seqs and len(seqs) != len(rows):
        raise ValueError("either every row of a batch has a seq or none has")
    ids = np.array([row.template_id for row in rows], dtype=np.int64)
    return RowBatch(
        ids, np.stack([row.vector for row in rows]), np.array(seqs, dtype=np.int64) if seqs else None
    )


def _empty(dimension: int) -> RowBatch:
    return RowBatch(np.empty(0, np.int64), np.empty((0, dimension), np.float32))


def _checked(batch: RowBatch, dimension: int) -> RowBatch:
    ids = np.asarray(batch.ids, dtype=np.int64)
    vectors = on_grid(batch.vectors, dimension)
    if len(ids) != len(vectors) or (batch.seqs is not None and len(batch.seqs) != len(ids)):
        raise ValueError("ids, vectors and seqs must have the same length")
    if ids.size and ids.min() <= 0:
        raise ValueError("template ids must be positive")
    seqs = None if batch.seqs is None else np.asarray(batch.seqs, dtype=np.int64)
    return RowBatch(ids, vectors, seqs)
