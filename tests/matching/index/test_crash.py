"""kill -9 at any point of an enrolment, a purge or a rebuild: the database can complete what is left."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matching.index import FlatIndex, Tuning
from tests.matching.index.galleries import EPOCH, MODEL, Ledger, as_rational, unit_vectors

DIMENSION = 16
ROUNDS = 200
EVERYBODY = 100_000
QUERY = unit_vectors(1, DIMENSION, 999_983)[0]
# What a change asks of the operating system: the points between which a process can die.
STEPS = ("pwrite", "fdatasync", "fsync", "posix_fallocate", "link", "replace", "unlink")


class Log:
    """A database that goes on inventing events."""

    def __init__(self, seed: int) -> None:
        self.ledger = Ledger(DIMENSION)
        self._random = random.Random(seed)
        self.last = 0

    def extend(self, events: int) -> None:
        """That many more enrolments (of 1–12) and purges (of 1–14)."""
        for _ in range(events):
            self.last += 1
            here = self.ledger.ids_at(self.last)
            if here and self._random.random() < 0.45:
                gone = self._random.sample(here, min(len(here), self._random.randint(1, 14)))
                self.ledger.purged |= dict.fromkeys(gone, self.last)
            else:
                first = len(self.ledger.enrolled) + 1
                coming = range(first, first + self._random.randint(1, 12))
                self.ledger.enrolled |= dict.fromkeys(coming, self.last)

    def apply(self, index: FlatIndex, *, rebuild: bool = False) -> None:
        """Catch up from where the index is, in the order of the log."""
        for seq in range(index.snapshot().seq + 1, self.last + 1):
            added = [i for i, at in self.ledger.enrolled.items() if at == seq]
            gone = [i for i, at in self.ledger.purged.items() if at == seq]
            if added:
                index.add([self.ledger.row(i) for i in added], seq=seq)
            else:
                assert index.purge(gone, seq=seq).verified
        if rebuild:
            index.rebuild(self.ledger.rows_at(self.last), seq=self.last)


def die_at_step(number: int, part_of_a_write: float) -> None:
    """From now on count this process's steps and kill it at one; of a write, part may already be done."""
    taken = 0

    def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == number:
                if name == "pwrite":
                    real(given[0], bytes(given[1])[: int(len(given[1]) * part_of_a_write)], given[2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return step

    for name in STEPS:
        setattr(os, name, watched(name, getattr(os, name)))


def killed(work: Callable[[], None], *, at_step: int | None, part: float) -> bool:
    """Run in a child that dies by SIGKILL, at a step or part of 8 ms from now; whether it died of that."""
    child = os.fork()
    if not child:
        if at_step is not None:
            die_at_step(at_step, part)
        try:
            work()
            os._exit(0)
        finally:
            os._exit(3)
    if at_step is None:
        time.sleep(part * 0.008)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the work itself failed"
    return os.WIFSIGNALED(status)


def require_state(index: FlatIndex, ledger: Ledger) -> int:
    """The index is exactly the gallery at its own seq, which is returned."""
    [found] = index.search(QUERY, EVERYBODY)
    seq = found.snapshot.seq
    assert as_rational(found.ids, found.scores) == ledger.answer_at(seq, QUERY, EVERYBODY)
    return seq


def bytes_of_others(path: Path, ledger: Ledger, seq: int, since: int) -> list[int]:
    """Templates that came or went since and are not in the gallery at `seq`, but have bytes in a file."""
    files = [p.read_bytes() for p in path.parent.iterdir()]
    here = set(ledger.ids_at(seq))
    recent = [i for i, at in ledger.enrolled.items() if at > since or ledger.purged.get(i, 0) > since]
    pieces = {i: ledger.vector(i)[4:8].tobytes() for i in recent if i not in here}
    return [i for i, piece in pieces.items() if any(piece in content for content in files)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty index of sixteen rows a chunk."""
    path = tmp_path / "gallery.flat"
    FlatIndex.create(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH, tuning=Tuning(chunk_rows=16))
    return path


def opened(path: Path) -> FlatIndex:
    """The index, as a process that comes later opens it."""
    return FlatIndex.open(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH, tuning=Tuning(chunk_rows=16))


def test_two_hundred_kills_leave_a_state_the_database_completes(path: Path) -> None:
    chance, log, deaths = random.Random(20), Log(seed=21), 0
    for number in range(ROUNDS):
        log.extend(3)
        at_step = chance.randint(1, 40) if number % 2 else None
        before = opened(path).snapshot().seq
        deaths += killed(
            lambda: log.apply(FlatIndex(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH)),
            at_step=at_step,
            part=chance.random(),
        )
        unmended = FlatIndex(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH)
        assert require_state(unmended, log.ledger) >= before
        mended = opened(path)
        seq = require_state(mended, log.ledger)
        assert mended.verify(log.ledger.rows_at(seq)).agrees
        assert bytes_of_others(path, log.ledger, seq, before - 9) == []
    assert deaths > ROUNDS / 4
    log.apply(opened(path))
    assert opened(path).verify(log.ledger.rows_at(log.last)).agrees
    assert bytes_of_others(path, log.ledger, log.last, 0) == []


@pytest.mark.parametrize("part", [0.0, 0.6])
def test_every_single_step_of_an_enrolment_and_a_purge_may_be_the_last(path: Path, part: float) -> None:
    log, step, died = Log(seed=5), 0, True
    log.extend(8)
    log.apply(opened(path))
    while died:
        step += 1
        log.extend(3)

        died = killed(
            lambda: log.apply(FlatIndex(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH)),
            at_step=step,
            part=part,
        )
        require_state(FlatIndex(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH), log.ledger)
        seq = require_state(opened(path), log.ledger)
        assert opened(path).verify(log.ledger.rows_at(seq)).agrees
        assert bytes_of_others(path, log.ledger, seq, 0) == []
        log.apply(opened(path))
        assert require_state(opened(path), log.ledger) == log.last
    assert step > 30


def test_a_rebuild_may_die_at_any_step(path: Path) -> None:
    chance, log = random.Random(3), Log(seed=8)
    log.extend(20)
    log.apply(opened(path))
    before, step, died = opened(path).snapshot(), 0, True
    while died:
        step += 1
        died = killed(lambda: log.apply(opened(path), rebuild=True), at_step=step, part=chance.random())
        index = opened(path)
        assert index.snapshot() == before
        assert require_state(index, log.ledger) == log.last
        assert index.advance(seq=log.last).fingerprint == before.fingerprint
        assert sorted(p.name for p in path.parent.iterdir()) == ["gallery.flat", "gallery.flat.lock"]
        assert bytes_of_others(path, log.ledger, log.last, 0) == []
    assert step > 20
