"""Several processes on one file: what one commits the others see in their next search, whole rows only."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from matching.errors import IndexStale
from matching.index import FlatIndex, Row, Tuning
from tests.matching.index.galleries import EPOCH, MODEL, Ledger, as_rational, unit_vectors

DIMENSION = 24
TUNING = Tuning(chunk_rows=16)
QUERY = unit_vectors(1, DIMENSION, 999_983)[0]
LAST_SEQ = 400

_held: dict[Path, FlatIndex] = {}
Answer = tuple[int, list[tuple[int, Fraction]], bytes]


def held(path: Path) -> FlatIndex:
    """This process's index, opened once: what others do has to be noticed without reopening."""
    if path not in _held:
        _held[path] = FlatIndex.open(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH)
    return _held[path]


def search(path: Path, k: int, min_seq: int) -> Answer:
    """Seq, hits, and the scores' bytes of one search."""
    [found] = held(path).search(QUERY, k, min_seq=min_seq)
    return found.snapshot.seq, as_rational(found.ids, found.scores), found.scores.tobytes()


def history() -> Ledger:
    """A fixed log: at every seq one or three are enrolled, or one or two of the oldest are purged."""
    ledger, next_id, oldest = Ledger(DIMENSION), 1, 1
    for seq in range(1, LAST_SEQ + 1):
        if seq % 3 == 0:
            gone = range(oldest, min(oldest + 1 + seq % 2, next_id))
            ledger.purged |= dict.fromkeys(gone, seq)
            oldest = gone.stop
        else:
            count = 3 if seq % 5 == 0 else 1
            ledger.enrolled |= dict.fromkeys(range(next_id, next_id + count), seq)
            next_id += count
    return ledger


def write(path: Path, start: int, stop: int) -> int:
    """Apply part of the history; returns the last seq."""
    index, ledger = held(path), history()
    for seq in range(start, stop):
        added = [i for i, at in ledger.enrolled.items() if at == seq]
        gone = [i for i, at in ledger.purged.items() if at == seq]
        index.add([ledger.row(i) for i in added], seq=seq) if added else index.purge(gone, seq=seq)
        if seq % 50 == 0:
            index.rebuild(ledger.rows_at(seq), seq=seq)
    return stop - 1


def search_until(path: Path, last_seq: int) -> list[Answer]:
    """Search again and again until the writer is done: one answer for every seq that was seen."""
    seen: dict[int, Answer] = {}
    while last_seq not in seen:
        answer = search(path, 12, 0)
        assert seen.setdefault(answer[0], answer) == answer
    return list(seen.values())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty index's path."""
    FlatIndex.create(tmp_path / "gallery.flat", model=MODEL, dimension=DIMENSION, epoch=EPOCH, tuning=TUNING)
    return tmp_path / "gallery.flat"


@pytest.fixture
def processes() -> Iterator[list[ProcessPoolExecutor]]:
    """Three processes, each its own interpreter, that keep their state between calls."""
    context = multiprocessing.get_context("spawn")
    pools = [ProcessPoolExecutor(1, mp_context=context) for _ in range(3)]
    yield pools
    for pool in pools:
        pool.shutdown()


def test_enrolments_purges_and_rebuilds_show_in_the_next_search_of_another_process(
    path: Path, processes: list[ProcessPoolExecutor]
) -> None:
    one, two, _ = processes
    ledger = history()

    def call(pool: ProcessPoolExecutor, function: Callable[..., object], *given: object) -> object:
        return pool.submit(function, path, *given).result()

    call(two, search, 12, 0)
    for seq in range(1, 60):
        call(one, write, seq, seq + 1)
        expected = ledger.answer_at(seq, QUERY, 12)
        answers = [call(pool, search, 12, seq) for pool in (one, two)]
        assert [answer[:2] for answer in answers] == [(seq, expected)] * 2  # type: ignore[index]
        assert answers[0] == answers[1]
    with pytest.raises(IndexStale):
        call(two, search, 12, 60)


def test_readers_never_see_half_a_change(path: Path, processes: list[ProcessPoolExecutor]) -> None:
    writer, *readers = processes
    ledger = history()
    reading = [reader.submit(search_until, path, LAST_SEQ) for reader in readers]
    assert writer.submit(write, path, 1, LAST_SEQ + 1).result() == LAST_SEQ
    answers = [answer for reader in reading for answer in reader.result()]
    assert len(answers) > len(readers)
    for seq, hits, _ in answers:
        assert hits == ledger.answer_at(seq, QUERY, 12)


def test_two_writers_take_turns(path: Path, processes: list[ProcessPoolExecutor]) -> None:
    # Both replay the whole log, as two hosts' catch-ups on one disk would: each event is applied once.
    writing = [pool.submit(write, path, 1, 61) for pool in processes[:2]]
    assert [done.result() for done in writing] == [60, 60]
    ledger = history()
    assert held(path).snapshot().seq == 60
    assert held(path).verify(ledger.rows_at(60)).agrees


def test_an_index_survives_a_fork(path: Path) -> None:
    index = held(path)
    index.add([Row(1, Ledger(DIMENSION).vector(1))], seq=1)
    expected = search(path, 5, 1)
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(search, path, 5, 1).result() == expected
        pool.submit(write, path, 2, 4).result()
    assert search(path, 5, 3)[0] == 3


def test_threads_of_one_process_share_an_index(path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    index, ledger = held(path), history()

    def replay(_: int) -> bool:
        found = search_until(path, 100)
        return all(hits == ledger.answer_at(seq, QUERY, 12) for seq, hits, _ in found)

    with ThreadPoolExecutor(3) as pool:
        replays = [pool.submit(replay, number) for number in range(2)]
        pool.submit(write, path, 1, 101).result()
        assert all(done.result() for done in replays)
    assert index.snapshot().seq == 100
    assert np.array_equal(index.search(QUERY, 3)[0].ids, held(path).search(QUERY, 3)[0].ids)
