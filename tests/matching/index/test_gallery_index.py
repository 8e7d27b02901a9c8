"""What every engine does behind the same interface."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from matching.errors import IndexCorrupt, IndexForeign, IndexStale
from matching.index import FlatIndex, GalleryIndex, Row, Tombstone
from matching.index.pgvector import PgVectorIndex
from portal.embedded.postgres_server import EmbeddedPostgres
from tests.matching.index.galleries import (
    EPOCH,
    MODEL,
    Ledger,
    as_rational,
    batch,
    right_answer,
    unit_vectors,
)

DIMENSION = 32


@pytest.fixture
def connection(postgres_server: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A connection to a PostgreSQL with pgvector, in a schema that goes away again."""
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute("CREATE SCHEMA one_test")
        connection.execute("SET search_path TO one_test, public")
        yield connection
        connection.execute("DROP SCHEMA one_test CASCADE")


@pytest.fixture(params=["flat", "pgvector"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> GalleryIndex:
    """An empty index of each kind."""
    if request.param == "flat":
        return FlatIndex.create(tmp_path / "gallery.flat", model=MODEL, dimension=DIMENSION, epoch=EPOCH)
    connection = request.getfixturevalue("connection")
    return PgVectorIndex(connection, model=MODEL, dimension=DIMENSION, epoch=EPOCH).create()


@pytest.fixture
def ledger() -> Ledger:
    """The truth the index is compared with."""
    return Ledger(DIMENSION)


def enrol(index: GalleryIndex, ledger: Ledger, ids: list[int], seq: int) -> None:
    """One event of the database, applied."""
    ledger.enrolled |= dict.fromkeys(ids, seq)
    index.add([ledger.row(i) for i in ids], seq=seq)


def hits(index: GalleryIndex, query: np.ndarray, k: int = 5, **options: object) -> list[int]:
    """Ids of one search."""
    [found] = index.search(query, k, **options)  # type: ignore[arg-type]
    return found.ids.tolist()


def test_it_is_a_gallery_index(index: GalleryIndex) -> None:
    assert isinstance(index, GalleryIndex)


def test_an_empty_index_finds_nobody(index: GalleryIndex) -> None:
    [found] = index.search(unit_vectors(1, DIMENSION, 1), 50)
    assert found.ids.tolist() == []
    assert found.scores.tolist() == []
    assert index.search(np.empty((0, DIMENSION), np.float32), 5) == []
    assert index.snapshot().count == 0


def test_scores_and_order_are_exact(index: GalleryIndex) -> None:
    vectors = unit_vectors(300, DIMENSION, 3)
    vectors[200:] = vectors[:100]
    ids = np.random.default_rng(1).permutation(np.arange(1, 301))
    index.add(batch(ids, vectors), seq=1)
    queries = np.concatenate([vectors[:5], unit_vectors(5, DIMENSION, 4)])
    for k in (1, 2, 50, 300, 1000):
        for query, found in zip(queries, index.search(queries, k), strict=True):
            assert as_rational(found.ids, found.scores) == right_answer(ids, vectors, query, k)


def test_what_was_searched_is_recorded_with_the_hits(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1, 2], 7)
    [found] = index.search(ledger.vector(1), 1)
    assert found.snapshot == index.snapshot()
    assert (found.snapshot.seq, found.snapshot.count, found.snapshot.model) == (7, 2, MODEL)
    assert found.snapshot.grid == "2^-24"


def test_excluded_templates_leave_k_full(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, list(range(1, 101)), 1)
    query = ledger.vector(1)
    everyone = hits(index, query, 100)
    without = set(everyone[:30])
    assert hits(index, query, 10, exclude=without) == everyone[30:40]
    assert hits(index, query, 10, exclude=np.array(sorted(without))) == everyone[30:40]
    assert hits(index, query, 10, exclude=set(everyone)) == []
    assert hits(index, query, 10, exclude=set()) == everyone[:10]


def test_a_purged_template_is_gone_from_the_next_search_and_accounted_for(
    index: GalleryIndex, ledger: Ledger
) -> None:
    enrol(index, ledger, [1, 2, 3], 1)
    before = index.snapshot()
    receipt = index.purge([2], seq=2)
    assert hits(index, ledger.vector(2), 3) == [i for i in hits(index, ledger.vector(2), 3) if i != 2]
    assert (receipt.template_ids, receipt.seq, receipt.erased) == ((2,), 2, 1)
    assert receipt.verified is isinstance(index, FlatIndex)  # PostgreSQL cannot say so of its files
    assert receipt.fingerprint_before == before.fingerprint
    assert receipt.fingerprint_after == index.snapshot().fingerprint != before.fingerprint
    assert index.snapshot().count == 2


def test_enrolling_then_purging_restores_the_fingerprint(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1, 2], 1)
    before = index.snapshot().fingerprint
    enrol(index, ledger, [3], 2)
    assert index.snapshot().fingerprint != before
    index.purge([3], seq=3)
    assert index.snapshot().fingerprint == before


def test_purging_again_erases_nothing_and_still_answers(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1], 1)
    index.purge([1], seq=2)
    again = index.purge([1], seq=2)
    assert again.erased == 0
    assert again.fingerprint_before == again.fingerprint_after
    assert index.snapshot().seq == 2


def test_a_purge_that_arrives_late_still_erases(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1, 2], 1)
    index.advance(seq=9)
    assert index.purge([1], seq=5).erased == 1
    assert hits(index, ledger.vector(1)) == [2]
    assert index.snapshot().seq == 9


@pytest.mark.parametrize("bad", [0, -1])
def test_ids_are_positive(index: GalleryIndex, ledger: Ledger, bad: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        index.purge([bad], seq=1)
    with pytest.raises(ValueError, match="positive"):
        index.add([Row(bad, ledger.vector(1))], seq=1)


def test_nobody_purged_can_be_enrolled_again(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1, 2], 1)
    index.purge([1, 77], seq=2)
    index.add([Row(1, ledger.vector(1)), Row(77, ledger.vector(77)), Row(3, ledger.vector(3))], seq=3)
    assert sorted(hits(index, ledger.vector(1))) == [2, 3]


def test_a_rebuild_cannot_resurrect_anyone(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1, 2, 3], 1)
    index.purge([2], seq=2)
    stale_backup = [ledger.row(i) for i in (1, 2, 3)]
    rebuilt = index.rebuild(stale_backup, seq=2, purged=[Tombstone(3, 1, 2)])
    assert rebuilt.refused == (2, 3)
    assert rebuilt.snapshot == index.snapshot()
    assert hits(index, ledger.vector(2)) == [1]
    # … nor can a second one, to which nobody says a word of them.
    assert index.rebuild(stale_backup, seq=2).refused == (2, 3)


def test_a_rebuild_gives_the_same_snapshot_and_scores(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, list(range(1, 40)), 1)
    index.purge([5, 6], seq=2)
    before, answer = index.snapshot(), index.search(ledger.vector(9), 10)[0]
    ledger.purged |= {5: 2, 6: 2}
    index.rebuild(ledger.rows_at(2), seq=2)
    assert index.snapshot() == before
    again = index.search(ledger.vector(9), 10)[0]
    assert again.scores.tobytes() == answer.scores.tobytes()
    assert again.ids.tobytes() == answer.ids.tobytes()


def test_an_event_already_applied_changes_nothing(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1], 4)
    before = index.snapshot()
    index.add([Row(2, ledger.vector(2))], seq=4)
    index.add([Row(2, ledger.vector(2))], seq=3)
    index.advance(seq=2)
    assert index.snapshot() == before


def test_a_batch_of_several_events_keeps_each_rows_seq(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1], 2)
    ledger.enrolled |= {2: 2, 3: 3, 4: 4}
    index.add([ledger.row(2), ledger.row(3), ledger.row(4)], seq=5)
    # Row 2 says that it was enrolled at a seq the index had passed: it has been applied, whatever came of it.
    assert sorted(hits(index, ledger.vector(1))) == [1, 3, 4]
    assert sorted(hits(index, ledger.vector(1), as_of_seq=3)) == [1, 3]
    with pytest.raises(ValueError, match="newer"):
        index.add([Row(9, ledger.vector(9), seq=8)], seq=7)


def test_a_template_never_changes(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1], 1)
    index.add([Row(1, ledger.vector(1))], seq=2)
    assert index.snapshot().count == 1
    with pytest.raises(ValueError, match="another vector"):
        index.add([Row(1, ledger.vector(2))], seq=3)
    assert index.snapshot().seq == 2


def test_an_id_comes_once_in_a_batch(index: GalleryIndex, ledger: Ledger) -> None:
    twice = [Row(1, ledger.vector(1)), Row(1, ledger.vector(1))]
    with pytest.raises(ValueError, match="twice"):
        index.add(twice, seq=1)
    with pytest.raises(ValueError, match="twice"):
        index.rebuild(twice, seq=1)
    assert index.snapshot().count == 0


def test_a_search_that_needs_more_than_there_is_refuses(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1], 5)
    assert hits(index, ledger.vector(1), min_seq=5) == [1]
    with pytest.raises(IndexStale):
        index.search(ledger.vector(1), 1, min_seq=6)
    with pytest.raises(IndexStale):
        index.search(ledger.vector(1), 1, as_of_seq=6)
    index.advance(seq=6)
    assert hits(index, ledger.vector(1), min_seq=6) == [1]


def test_a_replay_sees_the_gallery_of_then_and_names_those_purged_since(
    index: GalleryIndex, ledger: Ledger
) -> None:
    enrol(index, ledger, [1, 2], 1)
    then = index.search(ledger.vector(1), 5)[0]
    enrol(index, ledger, [3], 2)
    replay = index.search(ledger.vector(1), 5, as_of_seq=1)[0]
    assert replay.ids.tobytes() == then.ids.tobytes()
    assert replay.scores.tobytes() == then.scores.tobytes()
    index.purge([2], seq=3)
    replay = index.search(ledger.vector(1), 5, as_of_seq=1)[0]
    assert replay.ids.tolist() == [1]
    assert replay.missing == (2,)
    assert index.search(ledger.vector(1), 5, as_of_seq=3)[0].missing == ()
    assert index.search(ledger.vector(1), 5, as_of_seq=1, exclude={2})[0].missing == ()


def test_a_replay_after_a_rebuild_still_knows(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1], 1)
    enrol(index, ledger, [2], 2)
    enrol(index, ledger, [3], 3)
    index.purge([2], seq=4)
    ledger.purged[2] = 4
    index.rebuild(ledger.rows_at(4), seq=4)
    replay = index.search(ledger.vector(1), 5, as_of_seq=2)[0]
    assert (replay.ids.tolist(), replay.missing) == ([1], (2,))


def test_verify_tells_what_differs(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1, 2, 3], 1)
    assert index.verify(ledger.rows_at(1)).agrees
    ledger.enrolled |= {9: 1}
    rows = [ledger.row(9), ledger.row(2), Row(3, ledger.vector(8), 1)]
    verdict = index.verify(rows)
    assert not verdict.agrees
    assert (verdict.missing, verdict.unexpected, verdict.different) == ((9,), (1,), (3,))
    assert verdict.sound


def test_bad_rows_leave_a_rebuild_undone(index: GalleryIndex, ledger: Ledger) -> None:
    enrol(index, ledger, [1], 1)
    before = index.snapshot()
    with pytest.raises(ValueError, match="norm"):
        index.rebuild([Row(5, ledger.vector(5)), Row(6, np.zeros(DIMENSION, np.float32))], seq=2)
    assert index.snapshot() == before
    assert hits(index, ledger.vector(1)) == [1]


@pytest.mark.parametrize("query", [np.zeros(DIMENSION), np.full(DIMENSION, np.nan), np.eye(DIMENSION - 1)[0]])
def test_a_query_that_is_no_unit_vector_is_refused(index: GalleryIndex, query: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"norm|shape"):
        index.search(query, 5)
    with pytest.raises(ValueError, match="k must"):
        index.search(unit_vectors(1, DIMENSION, 1), 0)


def test_both_engines_agree_to_the_bit(
    connection: psycopg.Connection, tmp_path: Path, ledger: Ledger
) -> None:
    flat = FlatIndex.create(tmp_path / "gallery.flat", model=MODEL, dimension=DIMENSION, epoch=EPOCH)
    other = PgVectorIndex(connection, model=MODEL, dimension=DIMENSION, epoch=EPOCH).create()
    for index in (flat, other):
        enrol(index, ledger, list(range(1, 200)), 1)
        index.purge(range(50, 60), seq=2)
    ours, theirs = flat.snapshot(), other.snapshot()
    assert (ours.seq, ours.count, ours.fingerprint) == (theirs.seq, theirs.count, theirs.fingerprint)
    for one, two in zip(*(i.search(unit_vectors(9, DIMENSION, 5), 20) for i in (flat, other)), strict=True):
        assert (one.ids.tobytes(), one.scores.tobytes()) == (two.ids.tobytes(), two.scores.tobytes())


def test_an_index_row_commits_with_the_callers_transaction(
    connection: psycopg.Connection, ledger: Ledger
) -> None:
    index = PgVectorIndex(connection, model=MODEL, dimension=DIMENSION, epoch=EPOCH).create()
    with connection.transaction(force_rollback=True):
        enrol(index, ledger, [1], 1)
        assert index.snapshot().count == 1
    assert index.snapshot().count == 0


def test_tables_that_are_missing_or_foreign_are_noticed(connection: psycopg.Connection) -> None:
    index = PgVectorIndex(connection, model=MODEL, dimension=DIMENSION, epoch=EPOCH)
    with pytest.raises(IndexCorrupt):
        index.search(unit_vectors(1, DIMENSION, 1), 1)
    index.create()
    other = PgVectorIndex(connection, model="Facenet512", dimension=DIMENSION, epoch=EPOCH)
    for call in (other.snapshot, lambda: other.search(unit_vectors(1, DIMENSION, 1), 1)):
        with pytest.raises(IndexForeign):
            call()
