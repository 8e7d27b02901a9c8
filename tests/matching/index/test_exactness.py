"""Order and scores equal whole-number arithmetic, and no bit of a score depends on how it was computed."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matching.index import FlatIndex, RowBatch, SearchHits, Tuning, to_grid
from matching.index.scan import Arithmetic, encode, float32_radius, int8_available
from tests.matching.index.galleries import EPOCH, MODEL, as_rational, batch, right_answer, unit_vectors

ARITHMETICS: tuple[Arithmetic, ...] = ("int8", "float32")


@dataclass(frozen=True)
class Case:
    """Rows with duplicates and near-duplicates, and queries among and around them."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    queries: NDArray[np.float32]
    k: int
    excluded: set[int]
    chunk_rows: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Galleries of 0–150 rows drawn from few distinct vectors, so that ties and near-ties are the rule."""
    seed, dimension = draw(st.integers(0, 2**31)), draw(st.sampled_from([2, 7, 128, 512]))
    count, distinct = draw(st.integers(0, 150)), draw(st.integers(1, 40))
    rng = np.random.default_rng(seed)
    pool = unit_vectors(distinct, dimension, seed)
    vectors = pool[rng.integers(0, distinct, count)]
    nudged = rng.random(count) < 0.3
    vectors[nudged, 0] = np.clip(vectors[nudged, 0] + np.float32(2.0**-24), -1, 1)
    ids = rng.permutation(np.arange(1, count + 1)) * draw(st.sampled_from([1, 10**15]))
    queries = np.concatenate([pool[:3], -pool[:1], unit_vectors(2, dimension, seed + 1)])
    excluded = set(ids[rng.random(count) < draw(st.sampled_from([0, 0.1, 0.9]))].tolist())
    return Case(
        ids, vectors, queries, draw(st.integers(1, 160)), excluded, draw(st.sampled_from([3, 16, 64]))
    )


def made(case: Case, directory: str, arithmetic: Arithmetic = "auto") -> FlatIndex:
    """An index of the case's rows."""
    index = FlatIndex.create(
        Path(directory) / "gallery.flat",
        model=MODEL,
        dimension=case.vectors.shape[1],
        epoch=EPOCH,
        tuning=Tuning(chunk_rows=case.chunk_rows, arithmetic=arithmetic),
    )
    index.add(RowBatch(case.ids, case.vectors), seq=1)
    return index


def bits(hits: list[SearchHits]) -> list[tuple[bytes, bytes]]:
    """Ids and scores, to the bit."""
    return [(hit.ids.tobytes(), hit.scores.tobytes()) for hit in hits]


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@given(case=cases())
@settings(max_examples=60, deadline=None)
def test_every_order_and_score_equals_rational_arithmetic(arithmetic: Arithmetic, case: Case) -> None:
    kept = ~np.isin(case.ids, list(case.excluded))
    with tempfile.TemporaryDirectory() as directory:
        hits = made(case, directory, arithmetic).search(case.queries, case.k, exclude=case.excluded)
    for query, hit in zip(case.queries, hits, strict=True):
        expected = right_answer(case.ids[kept], case.vectors[kept], query, case.k)
        assert as_rational(hit.ids, hit.scores) == expected
        assert hit.exact


@given(case=cases())
@settings(max_examples=40, deadline=None)
def test_no_bit_depends_on_batches_arithmetic_row_order_chunks_or_rebuilds(case: Case) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        index = made(case, one, "int8")
        together = bits(index.search(case.queries, case.k))
        singly = [bits(index.search(query, case.k))[0] for query in case.queries]
        backwards = Case(case.ids[::-1], case.vectors[::-1], case.queries, case.k, set(), 5)
        other = made(backwards, two, "float32")
        assert singly == together
        assert bits(other.search(case.queries, case.k)) == together
        other.rebuild(RowBatch(case.ids, case.vectors), seq=1)
        assert bits(other.search(case.queries, case.k)) == together
        assert other.snapshot() == index.snapshot()


def test_a_large_gallery_with_many_blocks_is_exact_in_both_arithmetics(tmp_path: Path) -> None:
    # Ascending scores are the worst order for a running floor; clusters put many rows near the k-th.
    rng = np.random.default_rng(5)
    centres = unit_vectors(30, 64, 5)[rng.integers(0, 30, 60_000)]
    noisy = centres + 0.05 * rng.standard_normal(centres.shape)
    vectors = to_grid(noisy / np.linalg.norm(noisy, axis=1, keepdims=True))
    queries = np.concatenate([vectors[:4], unit_vectors(3, 64, 6)])
    vectors = vectors[np.argsort(vectors @ queries[-1])]
    ids = np.arange(1, len(vectors) + 1)
    for arithmetic in ARITHMETICS:
        index = FlatIndex.create(
            tmp_path / arithmetic,
            model=MODEL,
            dimension=64,
            epoch=EPOCH,
            tuning=Tuning(4096, arithmetic),
        )
        index.add(RowBatch(ids, vectors), seq=1)
        for query, hit in zip(queries, index.search(queries, 50), strict=True):
            assert as_rational(hit.ids, hit.scores) == right_answer(ids, vectors, query, 50)


@given(seed=st.integers(0, 2**31), dimension=st.sampled_from([2, 128, 512, 1024]))
@settings(max_examples=50, deadline=None)
def test_bounds_of_both_scans_hold(seed: int, dimension: int) -> None:
    vectors, query = unit_vectors(50, dimension, seed), unit_vectors(1, dimension, seed + 1)[0]
    exact = vectors.astype(np.float64) @ query.astype(np.float64)
    assert np.abs(vectors @ query - exact).max() <= float32_radius(dimension)
    step = 3.0 / np.sqrt(dimension) / 127
    codes, residuals = encode(vectors, step)
    assert (np.linalg.norm(vectors - codes * step, axis=1) <= residuals).all()
    assert np.abs(codes.astype(int)).max() <= 127


@given(
    values=st.lists(st.floats(-1, 1, width=32, allow_subnormal=False), min_size=1, max_size=64),
)
def test_to_grid_moves_less_than_half_a_step_and_only_once(values: list[float]) -> None:
    given_vectors = np.array(values, dtype=np.float32)
    rounded = to_grid(given_vectors)
    assert np.abs(rounded.astype(float) - given_vectors.astype(float)).max() <= 2.0**-25
    assert to_grid(rounded).tobytes() == rounded.tobytes()
    assert not np.signbit(rounded[rounded == 0]).any()


@pytest.mark.parametrize(
    "vector",
    [
        [1.0, 2.0**-26, 0, 0],
        [2.0, 0, 0, 0],
        [np.nan, 0, 0, 1],
        [0.0, 0, 0, 0],
        [1.0, 0, 0],
        [1.0, -0.0, 0, 0],
    ],
    ids=["off the grid", "too long", "nan", "zero", "other dimension", "negative zero"],
)
def test_rows_that_could_not_be_scored_exactly_are_refused(tmp_path: Path, vector: list[float]) -> None:
    index = FlatIndex.create(tmp_path / "gallery.flat", model=MODEL, dimension=4, epoch=EPOCH)
    with pytest.raises(ValueError, match=r"vectors|norm"):
        index.add(batch([1], np.array([vector], dtype=np.float32)), seq=1)
    assert index.snapshot().count == 0


def test_whole_number_products_are_there_to_be_tested() -> None:
    # Otherwise the int8 cases above would test nothing that production uses.
    assert int8_available()
