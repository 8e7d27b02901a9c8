"""What every gallery index does, whichever engine is behind it, and the values that pass through it.

The database is the truth: its event log gives every enrolment and purge a rising sequence number (`seq`). An
index is derived: it applies those events in order, says how far it has come, and can be rebuilt at any time.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ids = NDArray[np.int64]
Excluded = AbstractSet[int] | Sequence[int] | Ids | None


@dataclass(frozen=True, slots=True)
class Row:
    """One template: its id (> 0), its unit vector on the grid, float32 (d,), and the seq that enrolled it.

    Without `seq` the row takes the seq of the call that brings it.
    """

    template_id: int
    vector: NDArray[np.float32]
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Many rows as arrays: ids int64 (n,), vectors float32 (n, d), seqs int64 (n,) or None."""

    ids: Ids
    vectors: NDArray[np.float32]
    seqs: Ids | None = None


Rows = RowBatch | Iterable[Row]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A purged template, never enrolled again: in the gallery from `enrolled_seq` to before `purged_seq`."""

    template_id: int
    enrolled_seq: int
    purged_seq: int


@dataclass(frozen=True, slots=True)
class SearchHits:
    """The best rows for one query: ids int64 (m,), exact cosines float64 (m,), m ≤ k; best first, then by id.

    `snapshot` is the state that was searched. `missing`, only for a search as of an earlier seq: templates in
    the gallery then and purged since, whose score nobody can tell any more.
    """

    ids: Ids
    scores: NDArray[np.float64]
    snapshot: "Snapshot"
    exact: bool = True
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an index holds: recorded with every search so that it can be replayed and checked.

    `fingerprint`: sum of SHA-256(id, vector) over the rows mod 2²⁵⁶, 64 hex digits.
    """

    seq: int
    count: int
    fingerprint: str
    model: str
    grid: str
    engine: str


@dataclass(frozen=True, slots=True)
class PurgeReceipt:
    """Proof of erasure. `verified`: every erased byte was read back as zero.

    `read_back`: from where: the device, the page cache, or the engine's own words.
    """

    template_ids: tuple[int, ...]
    seq: int
    erased: int
    fingerprint_before: str
    fingerprint_after: str
    verified: bool
    read_back: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The index against the database's rows: ids it lacks, ids it should not have, ids with other bytes.

    `sound`: every row's checksum and the fingerprint of the whole agree with what is stored.
    """

    seq: int
    missing: tuple[int, ...] = ()
    unexpected: tuple[int, ...] = ()
    different: tuple[int, ...] = ()
    sound: bool = True

    @property
    def agrees(self) -> bool:
        """Whether the index holds exactly the rows it was compared with."""
        return self.sound and not (self.missing or self.unexpected or self.different)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild left: the new state, and the ids it refused because they have been purged."""

    snapshot: Snapshot
    refused: tuple[int, ...]


@runtime_checkable
class GalleryIndex(Protocol):
    """Exact search over one model's templates. Every call may raise an IndexFault; none answers by halves.

    `seq` values must be applied in the order of the database's log; a call at or below the seq already
    reached changes nothing, so replaying a log is safe.
    """

    def add(self, rows: Rows, *, seq: int) -> Snapshot:
        """Enrol rows. A purged id is left out; ValueError for an id enrolled with another vector."""

    def purge(self, template_ids: Iterable[int], *, seq: int) -> PurgeReceipt:
        """Erase templates and remember that they were purged. Erases whatever `seq` says."""

    def advance(self, *, seq: int) -> Snapshot:
        """Note that the log has reached `seq` with nothing for this index in it."""

    def search(
        self,
        queries: ArrayLike,
        k: int,
        *,
        exclude: Excluded = None,
        min_seq: int = 0,
        as_of_seq: int | None = None,
    ) -> list[SearchHits]:
        """The k best rows for each unit query (n, d), without the excluded ids.

        IndexStale if the index has not reached `min_seq` (or `as_of_seq`). With `as_of_seq`, the gallery as
        it was then, and the names of those purged since.
        """

    def snapshot(self) -> Snapshot:
        """The committed state."""

    def verify(self, rows: Rows) -> Verification:
        """Compare with the database's rows (all of them). Changes nothing."""

    def rebuild(self, rows: Rows, *, seq: int, purged: Iterable[Tombstone] = ()) -> Rebuilt:
        """Replace everything in one step by the database's rows as of `seq`.

        Refuses purged rows: those the index remembers, and `purged`, which the database's log adds.
        """
