"""The flat engine's file: what is in it, what is not, and what is noticed when it is damaged."""

import os
import resource
import signal
import uuid
from pathlib import Path

import numpy as np
import pytest

from matching.errors import IndexCorrupt, IndexFault, IndexForeign, IndexStale
from matching.index import FlatIndex, RowBatch, Tuning
from matching.index.header import HEADER_BYTES, SLOT_BYTES
from matching.index.layout import Geometry
from tests.matching.index.galleries import EPOCH, MODEL, Ledger, as_rational, batch, unit_vectors

DIMENSION = 16
SMALL = Tuning(chunk_rows=8)


def new(path: Path) -> FlatIndex:
    """An empty index with room for eight rows a chunk."""
    return FlatIndex.create(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH, tuning=SMALL)


def opened(path: Path) -> FlatIndex:
    """The index at a path."""
    return FlatIndex.open(path, model=MODEL, dimension=DIMENSION, epoch=EPOCH)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the index goes."""
    return tmp_path / "gallery.flat"


@pytest.fixture
def index(path: Path) -> FlatIndex:
    """Twenty templates, ids 1–20, of which 4 and 5 are purged; seq 2."""
    index = new(path)
    index.add(
        batch(range(1, 21), np.concatenate([Ledger(DIMENSION).vector(i)[None] for i in range(1, 21)])), seq=1
    )
    index.purge([4, 5], seq=2)
    return index


def flip(path: Path, offset: int) -> None:
    """Turn one bit of a file over."""
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 16]))


def test_a_purge_leaves_no_byte_of_the_vector_nor_its_codes(path: Path) -> None:
    index, vectors = new(path), unit_vectors(30, DIMENSION, 1)
    index.add(batch(range(1, 31), vectors), seq=1)
    raw = path.read_bytes()
    assert all(vector.tobytes() in raw for vector in vectors)
    receipt = index.purge(range(3, 13), seq=2)
    raw = path.read_bytes()
    for number, vector in enumerate(vectors, start=1):
        pieces = [vector[at : at + 2].tobytes() in raw for at in range(0, DIMENSION, 2)]
        assert any(pieces) is (not 3 <= number <= 12)
    assert receipt.read_back in {"device", "page cache"}


def test_a_free_place_is_used_again(index: FlatIndex, path: Path) -> None:
    size = path.stat().st_size
    index.add(batch([31, 32], unit_vectors(2, DIMENSION, 31)), seq=3)
    index.add(batch([33, 34, 35, 36], unit_vectors(4, DIMENSION, 33)), seq=4)
    assert path.stat().st_size == size
    assert index.snapshot().count == 24
    assert sorted(index.search(unit_vectors(1, DIMENSION, 1), 50)[0].ids.tolist()) == [
        *range(1, 4),
        *range(6, 21),
        *range(31, 37),
    ]


def test_more_purges_than_rows_make_the_log_grow(path: Path) -> None:
    index = new(path)
    for number in range(1, 41):
        index.add(batch([number], unit_vectors(1, DIMENSION, number)), seq=2 * number)
        index.purge([number], seq=2 * number + 1)
    assert index.snapshot().count == 0
    assert index.search(unit_vectors(1, DIMENSION, 1), 5, as_of_seq=60)[0].missing == (30,)
    assert opened(path).rebuild((), seq=90).snapshot.count == 0
    assert opened(path).search(unit_vectors(1, DIMENSION, 1), 5, as_of_seq=60)[0].missing == (30,)


def test_create_does_not_overwrite(index: FlatIndex, path: Path) -> None:
    with pytest.raises(FileExistsError):
        new(path)
    assert index.snapshot().count == 18


def test_files_are_their_owners_alone(index: FlatIndex, path: Path) -> None:
    assert {p.stat().st_mode & 0o777 for p in path.parent.iterdir()} == {0o600}


def test_a_missing_file_is_noticed(path: Path, index: FlatIndex) -> None:
    path.unlink()
    for call in (index.snapshot, lambda: opened(path), lambda: index.purge([1], seq=3)):
        with pytest.raises(IndexCorrupt, match="no index"):
            call()
    index.rebuild((), seq=2)
    assert opened(path).snapshot().seq == 2


@pytest.mark.parametrize("left", [0, 100, SLOT_BYTES, HEADER_BYTES, HEADER_BYTES + 5000])
def test_a_truncated_file_is_noticed_before_it_is_touched(index: FlatIndex, path: Path, left: int) -> None:
    index.search(unit_vectors(1, DIMENSION, 1), 1)
    os.truncate(path, left)
    with pytest.raises(IndexCorrupt):
        index.search(unit_vectors(1, DIMENSION, 1), 1)
    with pytest.raises(IndexCorrupt):
        opened(path)


@pytest.mark.parametrize(
    "other",
    [
        {"model": "Facenet512"},
        {"dimension": 17},
        {"epoch": uuid.UUID(int=1)},
    ],
)
def test_a_foreign_file_is_noticed(index: FlatIndex, path: Path, other: dict[str, object]) -> None:
    ours: dict[str, object] = {"model": MODEL, "dimension": DIMENSION, "epoch": EPOCH}
    theirs = FlatIndex(path, **(ours | other))  # type: ignore[arg-type]
    queries = unit_vectors(1, int(str(theirs._dimension)), 1)
    for call in (
        theirs.snapshot,
        lambda: theirs.search(queries, 1),
        lambda: theirs.purge([1], seq=3),
        lambda: theirs.advance(seq=3),
    ):
        with pytest.raises(IndexForeign):
            call()
    assert index.snapshot().count == 18


def test_a_file_put_in_the_place_of_ours_is_noticed(index: FlatIndex, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.flat"
    FlatIndex.create(other, model=MODEL, dimension=DIMENSION, epoch=uuid.UUID(int=1))
    other.replace(path)
    with pytest.raises(IndexForeign):
        index.search(unit_vectors(1, DIMENSION, 1), 1)


def test_every_flipped_bit_of_a_header_is_survived_or_noticed(index: FlatIndex, path: Path) -> None:
    whole, query = path.read_bytes(), unit_vectors(1, DIMENSION, 1)[0]
    ledger = Ledger(DIMENSION, dict.fromkeys(range(1, 21), 1), {4: 2, 5: 2})
    outcomes = set()
    for offset in [*range(300), *range(SLOT_BYTES, SLOT_BYTES + 300)]:
        path.write_bytes(whole)
        flip(path, offset)
        try:
            [found] = opened(path).search(query, 30, min_seq=2)
        except IndexStale:
            outcomes.add("stale")
        except IndexFault:
            outcomes.add("noticed")
        else:
            assert as_rational(found.ids, found.scores) == ledger.answer_at(2, query, 30)
            outcomes.add("survived")
    assert outcomes >= {"survived"}


def test_both_headers_damaged_is_noticed_and_a_rebuild_mends_it(index: FlatIndex, path: Path) -> None:
    flip(path, 40)
    flip(path, SLOT_BYTES + 40)
    with pytest.raises(IndexCorrupt):
        index.snapshot()
    ledger = Ledger(DIMENSION, dict.fromkeys(range(1, 21), 1), {4: 2, 5: 2})
    index.rebuild(ledger.rows_at(2), seq=2)
    assert opened(path).verify(ledger.rows_at(2)).agrees


@pytest.mark.parametrize("column", ["vectors", "ids", "checks"])
def test_a_damaged_row_is_never_among_the_hits(index: FlatIndex, path: Path, column: str) -> None:
    flip(path, Geometry(DIMENSION, 8).offset(column, 9))
    ledger = Ledger(DIMENSION, dict.fromkeys(range(1, 21), 1), {4: 2, 5: 2})
    with pytest.raises(IndexCorrupt):
        index.search(ledger.vector(10), 20)
    assert not index.verify(ledger.rows_at(2)).agrees


@pytest.mark.parametrize("column", ["vectors", "codes", "residuals", "checks", "seqs", "ids"])
def test_verify_notices_any_damaged_column(index: FlatIndex, path: Path, column: str) -> None:
    ledger = Ledger(DIMENSION, dict.fromkeys(range(1, 21), 1), {4: 2, 5: 2})
    assert index.verify(ledger.rows_at(2)).agrees
    flip(path, Geometry(DIMENSION, 8).offset(column, 9))
    assert not index.verify(ledger.rows_at(2)).agrees


def test_a_damaged_purge_log_is_noticed(index: FlatIndex, path: Path) -> None:
    flip(path, Geometry(DIMENSION, 8).offset("tombstones", 1))
    with pytest.raises(IndexCorrupt, match="purge log"):
        index.search(unit_vectors(1, DIMENSION, 1), 1, as_of_seq=1)
    with pytest.raises(IndexCorrupt, match="purge log"):
        index.add(batch([50], unit_vectors(1, DIMENSION, 50)), seq=3)


def test_a_rebuild_overwrites_the_file_it_replaces(index: FlatIndex, path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "the old file, by another name"
    kept.hardlink_to(path)
    vector = Ledger(DIMENSION).vector(1)
    assert vector.tobytes() in kept.read_bytes()
    index.rebuild((), seq=2)
    assert not any(kept.read_bytes()[HEADER_BYTES:])
    assert sorted(p.name for p in tmp_path.iterdir() if p != kept) == ["gallery.flat", "gallery.flat.lock"]


def test_what_a_dead_rebuild_left_is_overwritten_and_removed(
    index: FlatIndex, path: Path, tmp_path: Path
) -> None:
    left = [path.with_name("gallery.flat.building"), path.with_name("gallery.flat.retired")]
    kept = [tmp_path / "one", tmp_path / "two"]
    for leftover, other_name in zip(left, kept, strict=True):
        leftover.write_bytes(path.read_bytes())
        other_name.hardlink_to(leftover)
    index.advance(seq=3)
    assert not any(leftover.exists() for leftover in left)
    assert not any(any(other_name.read_bytes()[HEADER_BYTES:]) for other_name in kept)


def test_a_rebuild_that_died_before_the_swap_has_not_touched_the_index(index: FlatIndex, path: Path) -> None:
    path.with_name("gallery.flat.retired").hardlink_to(path)
    before = index.snapshot()
    assert index.advance(seq=3).fingerprint == before.fingerprint
    assert index.search(Ledger(DIMENSION).vector(1), 1)[0].ids.tolist() == [1]


def test_a_full_disk_leaves_the_index_as_it_was(index: FlatIndex, path: Path) -> None:
    before = index.snapshot()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            index.add(RowBatch(np.arange(100, 200), unit_vectors(100, DIMENSION, 2)), seq=3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert index.snapshot() == before
    assert index.add(RowBatch(np.arange(100, 200), unit_vectors(100, DIMENSION, 2)), seq=3).count == 118
