"""Which rows of a committed state a search may see, and the exact best among a shortlist."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.errors import IndexCorrupt
from matching.index.grid import exact_scores
from matching.index.header import Header, Intent
from matching.index.layout import Mapping
from matching.index.protocol import Excluded, Ids
from matching.index.rows import row_checks, row_digests


def excluded_ids(exclude: Excluded) -> Ids:
    """Ids to leave out, ascending int64."""
    if exclude is None:
        return np.empty(0, dtype=np.int64)
    given = exclude if isinstance(exclude, np.ndarray) else np.fromiter(exclude, dtype=np.int64)
    return np.sort(given.astype(np.int64, copy=False))


class Selection:
    """Rows enrolled by the time of the state (or `as_of_seq`), not excluded, not being erased just now."""

    def __init__(self, mapping: Mapping, header: Header, exclude: Ids, as_of_seq: int | None) -> None:
        self._mapping, self._header, self._exclude = mapping, header, exclude
        self._seq = header.seq if as_of_seq is None else as_of_seq
        self._replay = as_of_seq is not None
        self._going = self._rows_being_erased()

    def visible(self, rows: Ids) -> NDArray[np.bool_]:
        """A mask over row numbers."""
        ids = self._mapping.at(self._mapping.ids, rows)
        seen = (ids > 0) & (self._mapping.at(self._mapping.seqs, rows) <= self._seq)
        if len(self._exclude):
            at = np.minimum(np.searchsorted(self._exclude, ids), len(self._exclude) - 1)
            seen &= self._exclude[at] != ids
        if len(self._going):
            seen &= ~np.isin(rows, self._going)
        return seen

    def missing(self) -> tuple[int, ...]:
        """Templates that were enrolled at `as_of_seq` and have been purged since."""
        if not self._replay:
            return ()
        stones = self._mapping.tombstones(0, self._header.tombstones)
        lost = (stones["enrolled"] <= self._seq) & (self._seq < stones["purged"])
        return tuple(sorted(set(stones["template_id"][lost].tolist()) - set(self._exclude.tolist())))

    def _rows_being_erased(self) -> Ids:
        header = self._header
        if header.intent != Intent.PURGE:
            return np.empty(0, dtype=np.int64)
        return self._mapping.tombstones(header.tombstones - header.intent_count, header.tombstones)["row"]


@dataclass(frozen=True)
class Best:
    """ids int64 (m,), exact scores float64 (m,): best first, ties by id."""

    ids: Ids
    scores: NDArray[np.float64]


def best(mapping: Mapping, rows: Ids, query: NDArray[np.float32], k: int) -> Best:
    """Score a shortlist exactly and keep the k best. IndexCorrupt if a kept row fails its checksum."""
    vectors, ids = mapping.at(mapping.vectors, rows), mapping.at(mapping.ids, rows)
    scores = exact_scores(vectors, query)
    order = np.lexsort((ids, -scores))[:k]
    require_whole(mapping, rows[order], ids[order], vectors[order])
    return Best(ids[order], scores[order])


def require_whole(mapping: Mapping, rows: Ids, ids: Ids, vectors: NDArray[np.float32]) -> None:
    """IndexCorrupt unless every row agrees with the checksum stored with it."""
    expected = row_checks(row_digests(ids, vectors), mapping.at(mapping.seqs, rows))
    if not np.array_equal(expected, mapping.at(mapping.checks, rows)):
        raise IndexCorrupt(f"a row of {mapping.path} is damaged: rebuild it from the database")
