"""An index file against the database's rows, byte for byte."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.index.header import Header
from matching.index.layout import Mapping
from matching.index.protocol import Ids, Rows, Verification
from matching.index.rows import MODULUS, Digests, batches, digest_sum, row_checks, row_digests
from matching.index.scan import encode

BATCH = 16_384


@dataclass(frozen=True)
class Content:
    """ids (n,) ascending with the digest of each row (n, 32); whether every checksum agrees; at which seq."""

    ids: Ids
    digests: Digests
    sound: bool
    seq: int


Reading = Callable[[Callable[[Mapping, Header], Content]], Content]


def compared(rows: Rows, dimension: int, undisturbed: Reading) -> Verification:
    """Read the index through `undisturbed` and compare it with `rows`."""
    theirs = expected(rows, dimension)
    ours = undisturbed(stored)
    return difference(theirs, ours)


def expected(rows: Rows, dimension: int) -> Content:
    """What an index of those rows should hold."""
    parts = [(batch.ids, row_digests(batch.ids, batch.vectors)) for batch in batches(rows, dimension, BATCH)]
    return content_of(parts, sound=True, seq=0)


def stored(mapping: Mapping, header: Header) -> Content:
    """What the file holds, every row read."""
    parts, sound = [], True
    for chunk in range(mapping.geometry.chunks_for(header.rows)):
        used = min(header.rows - chunk * header.chunk_rows, header.chunk_rows)
        live = np.flatnonzero((mapping.ids[chunk, :used] > 0) & (mapping.seqs[chunk, :used] <= header.seq))
        ids, vectors = mapping.ids[chunk, live], mapping.vectors[chunk, live]
        digests = row_digests(ids, vectors)
        checks = row_checks(digests, mapping.seqs[chunk, live])
        codes, residuals = encode(vectors, header.code_step)
        sound &= np.array_equal(checks, mapping.checks[chunk, live])
        sound &= np.array_equal(codes, mapping.codes[chunk, live])
        sound &= np.array_equal(residuals, mapping.residuals[chunk, live])
        parts.append((ids, digests))
    content = content_of(parts, sound=sound, seq=header.seq)
    whole = digest_sum(content.digests) == header.fingerprint % MODULUS and len(content.ids) == header.live
    return Content(content.ids, content.digests, content.sound and whole, header.seq)


def difference(theirs: Content, ours: Content) -> Verification:
    """Ids the index lacks, has too many, or holds with other bytes."""
    _, in_theirs, in_ours = np.intersect1d(theirs.ids, ours.ids, return_indices=True)
    other = (theirs.digests[in_theirs] != ours.digests[in_ours]).any(axis=1)
    return Verification(
        seq=ours.seq,
        missing=tuple(np.setdiff1d(theirs.ids, ours.ids).tolist()),
        unexpected=tuple(np.setdiff1d(ours.ids, theirs.ids).tolist()),
        different=tuple(theirs.ids[in_theirs][other].tolist()),
        sound=ours.sound,
    )


def content_of(parts: list[tuple[Ids, Digests]], *, sound: bool, seq: int) -> Content:
    """Batches of ids and digests put together, in the order of their ids."""
    ids = np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in parts)])
    digests = np.concatenate([np.empty((0, 32), np.uint8), *(digests for _, digests in parts)])
    order = np.argsort(ids, kind="stable")
    return Content(ids[order], digests[order], sound, seq)
