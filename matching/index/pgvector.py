"""The second engine: rows in PostgreSQL, scanned by pgvector without an approximate index. Exact, and slower.

For galleries up to some 200,000 templates, searches behind other filters, and hosts without a shared disk.
Changes belong to the caller's transaction if one is open on the connection: event and row commit together.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import ArrayLike, NDArray
from psycopg import sql

from matching.errors import IndexCorrupt, IndexFault, IndexForeign, IndexStale
from matching.index.grid import GRID, exact_scores, queries_on_grid
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
from matching.index.rows import batches, digest_sum, fingerprint_text, one_batch, row_digests, selected
from matching.index.scan import float32_radius
from matching.index.selection import excluded_ids
from matching.index.verification import Content, content_of, difference, expected

ENGINE = "pgvector/1"
BATCH = 4096
# Rows asked for beyond k: enough that near-ties rarely make a second scan necessary.
SLACK = 32

_TABLES = """
CREATE TABLE {state} (
    model text, grid text, dimension int, epoch uuid, seq bigint, count bigint, fingerprint text
);
CREATE TABLE {rows} (
    template_id bigint PRIMARY KEY, enrolled bigint NOT NULL, embedding vector({width}) NOT NULL
);
ALTER TABLE {rows} ALTER COLUMN embedding SET STORAGE PLAIN;
CREATE TABLE {tombstones} (template_id bigint PRIMARY KEY, enrolled bigint NOT NULL, purged bigint NOT NULL);
"""

# One statement sees one state, whatever others commit meanwhile.
_SEARCH = """
SELECT s.model, s.grid, s.dimension, s.epoch, s.seq, s.count, s.fingerprint,
       (SELECT array_agg(t.template_id) FROM {tombstones} t
        WHERE t.enrolled <= %(then)s AND t.purged > %(then)s),
       c.template_id, vector_send(c.embedding), c.distance
FROM {state} s LEFT JOIN LATERAL (
    SELECT r.template_id, r.embedding, r.embedding <#> %(query)s::vector AS distance
    FROM {rows} r
    WHERE r.enrolled <= coalesce(%(then)s, s.seq) AND (%(all)s OR r.template_id <> ALL (%(without)s))
    ORDER BY distance LIMIT %(limit)s
) c ON true
ORDER BY c.distance
"""


@dataclass(frozen=True)
class _State:
    model: str
    grid: str
    dimension: int
    epoch: UUID
    seq: int
    count: int
    fingerprint: str

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(self.seq, self.count, self.fingerprint, self.model, self.grid, ENGINE)


@dataclass(frozen=True)
class _Answer:
    """One scan: the state it saw, templates purged since `as_of_seq`, nearest rows, their distances."""

    state: _State
    missing: tuple[int, ...]
    ids: Ids
    vectors: NDArray[np.float32]
    distances: NDArray[np.float64]


class PgVectorIndex:
    """A GalleryIndex in three tables named after `name`. One connection, one thread at a time."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        *,
        model: str,
        dimension: int,
        epoch: UUID,
        name: str = "gallery_index",
    ) -> None:
        self._connection = connection
        self._model, self._dimension, self._epoch = model, dimension, epoch
        self._tables = {part: sql.Identifier(f"{name}_{part}") for part in ("state", "rows", "tombstones")}

    def create(self) -> "PgVectorIndex":
        """Make the tables, empty; the extension `vector` has to be there. IndexFault if the tables exist."""
        with self._transaction():
            self._run(_TABLES, width=sql.Literal(self._dimension))
            self._run(
                "INSERT INTO {state} VALUES (%s, %s, %s, %s, 0, 0, %s)",
                (self._model, GRID, self._dimension, self._epoch, fingerprint_text(0)),
            )
        return self

    def add(self, rows: Rows, *, seq: int) -> Snapshot:
        """See GalleryIndex.add."""
        batch = one_batch(rows, self._dimension)
        with self._transaction():
            state = self._state("FOR UPDATE")
            if seq <= state.seq:
                return state.snapshot
            fresh = self._fresh(batch, state, seq)
            self._copy(fresh, seq)
            added = digest_sum(row_digests(fresh.ids, fresh.vectors))
            return self._commit(seq, state.count + len(fresh.ids), int(state.fingerprint, 16) + added)

    def purge(self, template_ids: Iterable[int], *, seq: int) -> PurgeReceipt:
        """See GalleryIndex.purge. Never `verified`: PostgreSQL keeps old bytes, see the receipt."""
        ids = np.unique(np.fromiter(template_ids, dtype=np.int64))
        if ids.size and ids[0] <= 0:
            raise ValueError("template ids must be positive")
        with self._transaction():
            state = self._state("FOR UPDATE")
            self._bury(ids, seq)
            gone = self._run(
                "DELETE FROM {rows} WHERE template_id = ANY (%s)"
                " RETURNING template_id, vector_send(embedding)",
                (ids.tolist(),),
            ).fetchall()
            removed = digest_sum(row_digests(_ids(gone), _vectors(gone, self._dimension)))
            after = self._commit(
                max(seq, state.seq), state.count - len(gone), int(state.fingerprint, 16) - removed
            )
        return PurgeReceipt(
            template_ids=tuple(ids.tolist()),
            seq=seq,
            erased=len(gone),
            fingerprint_before=state.fingerprint,
            fingerprint_after=after.fingerprint,
            verified=False,
            read_back="deleted rows; their bytes stay until VACUUM FULL and in the write-ahead log",
        )

    def advance(self, *, seq: int) -> Snapshot:
        """See GalleryIndex.advance."""
        with self._transaction():
            state = self._state("FOR UPDATE")
            return self._commit(max(seq, state.seq), state.count, int(state.fingerprint, 16))

    def search(
        self,
        queries: ArrayLike,
        k: int,
        *,
        exclude: Excluded = None,
        min_seq: int = 0,
        as_of_seq: int | None = None,
    ) -> list[SearchHits]:
        """See GalleryIndex.search. One statement for each query."""
        rounded = queries_on_grid(queries, self._dimension)
        if k < 1:
            raise ValueError("k must be at least 1")
        without = excluded_ids(exclude)
        needed = max(min_seq, as_of_seq or 0)
        return [self._hits(query, k, without, needed, as_of_seq) for query in rounded]

    def snapshot(self) -> Snapshot:
        """See GalleryIndex.snapshot."""
        with self._transaction():
            return self._state().snapshot

    def verify(self, rows: Rows) -> Verification:
        """See GalleryIndex.verify."""
        theirs = expected(rows, self._dimension)
        with self._transaction():
            state = self._state("FOR SHARE")
            parts = [(_ids(part), _vectors(part, self._dimension)) for part in self._all_rows()]
        ours = content_of(
            [(ids, row_digests(ids, vectors)) for ids, vectors in parts], sound=True, seq=state.seq
        )
        whole = (
            len(ours.ids) == state.count and fingerprint_text(digest_sum(ours.digests)) == state.fingerprint
        )
        return difference(theirs, Content(ours.ids, ours.digests, whole, state.seq))

    def rebuild(self, rows: Rows, *, seq: int, purged: Iterable[Tombstone] = ()) -> Rebuilt:
        """See GalleryIndex.rebuild. Searches wait until it has committed."""
        refused: list[int] = []
        count = fingerprint = 0
        with self._transaction():
            self._state("FOR UPDATE")
            self._run("TRUNCATE {rows}")
            for stone in purged:
                self._run(
                    "INSERT INTO {tombstones} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                    (stone.template_id, stone.enrolled_seq, stone.purged_seq),
                )
            for batch in batches(rows, self._dimension, BATCH):
                buried = np.isin(batch.ids, self._known("tombstones", batch.ids))
                refused += batch.ids[buried].tolist()
                kept = selected(batch, ~buried)
                self._copy(kept, seq)
                count += len(kept.ids)
                fingerprint += digest_sum(row_digests(kept.ids, kept.vectors))
            return Rebuilt(self._commit(seq, count, fingerprint), tuple(refused))

    def _hits(
        self, query: NDArray[np.float32], k: int, without: Ids, needed: int, as_of_seq: int | None
    ) -> SearchHits:
        limit = k + SLACK
        while True:
            answer = self._nearest(query, limit, without, as_of_seq)
            if answer.state.seq < needed:
                raise IndexStale(f"the index has reached seq {answer.state.seq}, {needed} is asked for")
            # Complete when it ends beyond what rounding could have kept out of the k best.
            margin = 2 * float32_radius(self._dimension)
            if len(answer.ids) < limit or answer.distances[-1] > answer.distances[k - 1] + margin:
                return _best(answer, query, k)
            limit *= 4

    def _nearest(
        self, query: NDArray[np.float32], limit: int, without: Ids, as_of_seq: int | None
    ) -> _Answer:
        given = {
            "query": _text(query),
            "limit": limit,
            "without": without.tolist(),
            "all": not len(without),
            "then": as_of_seq,
        }
        with self._transaction():
            found = self._run(_SEARCH, given).fetchall()
        if not found:
            raise IndexCorrupt("the index has no state: rebuild it")
        state = self._ours(_State(*found[0][:7]))
        missing = set(found[0][7] or ()) - set(without.tolist())
        nearest = [row[8:] for row in found if row[8] is not None]
        distances = np.array([row[2] for row in nearest], dtype=np.float64)
        vectors = _vectors(nearest, self._dimension)
        return _Answer(state, tuple(sorted(missing)), _ids(nearest), vectors, distances)

    def _fresh(self, batch: RowBatch, state: _State, seq: int) -> RowBatch:
        """The rows to be written: not the purged, nor those already applied or already there."""
        seqs = np.full(len(batch.ids), seq, dtype=np.int64) if batch.seqs is None else batch.seqs
        if seqs.max(initial=0) > seq:
            raise ValueError("a row is newer than the seq of its batch")
        batch = RowBatch(batch.ids, batch.vectors, seqs)
        batch = selected(
            batch, (seqs > state.seq) & ~np.isin(batch.ids, self._known("tombstones", batch.ids))
        )
        there = np.isin(batch.ids, self._known("rows", batch.ids))
        for template_id, vector in zip(batch.ids[there].tolist(), batch.vectors[there], strict=True):
            same = self._run(
                "SELECT embedding = %s::vector FROM {rows} WHERE template_id = %s",
                (_text(vector), template_id),
            ).fetchone()
            if same != (True,):
                raise ValueError(f"template {template_id} is enrolled with another vector")
        return selected(batch, ~there)

    def _bury(self, ids: Ids, seq: int) -> None:
        """A tombstone for each id; what was never here counts as enrolled and purged at once."""
        self._run(
            "INSERT INTO {tombstones} SELECT g.id, coalesce(r.enrolled, %s), %s"
            " FROM unnest(%s::bigint[]) AS g(id) LEFT JOIN {rows} r ON r.template_id = g.id"
            " ON CONFLICT DO NOTHING",
            (seq, seq, ids.tolist()),
        )

    def _copy(self, batch: RowBatch, seq: int) -> None:
        seqs = np.full(len(batch.ids), seq) if batch.seqs is None else batch.seqs
        if seqs.max(initial=0) > seq:
            raise ValueError("a row is newer than the rebuild's seq")
        statement = sql.SQL("COPY {rows} FROM STDIN").format(**self._tables)
        try:
            with self._connection.cursor().copy(statement) as copy:
                for template_id, at, vector in zip(
                    batch.ids.tolist(), seqs.tolist(), batch.vectors, strict=True
                ):
                    copy.write_row((template_id, at, _text(vector)))
        except psycopg.errors.UniqueViolation:
            raise ValueError("the same template id comes twice") from None

    def _known(self, table: str, ids: Ids) -> Ids:
        """Those of the ids that a table holds."""
        held = self._run(
            "SELECT template_id FROM {table} WHERE template_id = ANY (%s)",
            (ids.tolist(),),
            table=self._tables[table],
        )
        return _ids(held.fetchall())

    def _all_rows(self) -> Iterator[list[tuple[Any, ...]]]:
        with self._connection.cursor(name="gallery_rows") as cursor:
            cursor.execute(
                sql.SQL("SELECT template_id, vector_send(embedding) FROM {rows}").format(**self._tables)
            )
            while part := cursor.fetchmany(BATCH):
                yield part

    def _state(self, lock: LiteralString = "") -> _State:
        found = self._run("SELECT * FROM {state} {lock}", lock=sql.SQL(lock)).fetchone()
        if found is None:
            raise IndexCorrupt("the index has no state: rebuild it")
        return self._ours(_State(*found))

    def _ours(self, state: _State) -> _State:
        ours = (self._model, GRID, self._dimension, self._epoch)
        if (state.model, state.grid, state.dimension, state.epoch) != ours:
            raise IndexForeign("the tables were made for another model, grid or database")
        return state

    def _commit(self, seq: int, count: int, fingerprint: int) -> Snapshot:
        text = fingerprint_text(fingerprint)
        self._run("UPDATE {state} SET seq = %s, count = %s, fingerprint = %s", (seq, count, text))
        return Snapshot(seq, count, text, self._model, GRID, ENGINE)

    def _run(
        self, statement: LiteralString, given: Any = None, **parts: sql.Composable
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._connection.execute(sql.SQL(statement).format(**self._tables, **parts), given)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._connection.transaction():
                yield
        except psycopg.errors.UndefinedTable:
            raise IndexCorrupt("there are no such index tables: create them and rebuild") from None
        except psycopg.Error as error:
            raise IndexFault(f"PostgreSQL: {error}") from error


def _best(answer: _Answer, query: NDArray[np.float32], k: int) -> SearchHits:
    scores = exact_scores(answer.vectors, query)
    order = np.lexsort((answer.ids, -scores))[:k]
    return SearchHits(answer.ids[order], scores[order], answer.state.snapshot, missing=answer.missing)


def _text(vector: NDArray[np.float32]) -> str:
    """A vector as pgvector reads it: enough digits to come back to the bit."""
    return f"[{','.join(map(repr, vector.tolist()))}]"


def _ids(found: list[tuple[Any, ...]]) -> Ids:
    return np.array([row[0] for row in found], dtype=np.int64)


def _vectors(found: list[tuple[Any, ...]], dimension: int) -> NDArray[np.float32]:
    """vector_send's bytes (two int16, then big-endian float32) as float32 (n, d)."""
    packed = b"".join(bytes(row[1])[4:] for row in found)
    return np.frombuffer(packed, dtype=">f4").reshape(-1, dimension).astype(np.float32)
