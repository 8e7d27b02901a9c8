"""Galleries whose right answers are known by whole-number arithmetic, for every index engine."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from matching.index import Row, RowBatch, to_grid

EPOCH = UUID("6f1d3c1e-6f0a-4e0e-9a43-1d4f0c5b7a11")
MODEL = "Dlib"
STEP = 2**24


def unit_vectors(count: int, dimension: int, seed: int) -> NDArray[np.float32]:
    """Random unit vectors on the grid, float32 (count, dimension)."""
    drawn = np.random.default_rng(seed).standard_normal((count, dimension))
    return to_grid(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


@cache
def template_vector(template_id: int, dimension: int) -> NDArray[np.float32]:
    """A unit vector on the grid, float32 (dimension,), always the same for the same id."""
    return unit_vectors(1, dimension, template_id)[0]


def whole(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Grid vectors in steps of 2⁻²⁴."""
    steps = vectors.astype(np.float64) * STEP
    assert (steps == np.rint(steps)).all()
    return steps.astype(np.int64)


def right_answer(
    ids: NDArray[np.int64], vectors: NDArray[np.float32], query: NDArray[np.float32], k: int
) -> list[tuple[int, Fraction]]:
    """The k best (id, exact cosine) by rational arithmetic: best first, then by id."""
    products = whole(vectors) @ whole(query)  # below 2⁵⁷ in size: int64 holds every partial sum
    order = np.lexsort((ids, -products))[:k]
    return [(int(ids[i]), Fraction(int(products[i]), STEP * STEP)) for i in order]


def as_rational(ids: NDArray[np.int64], scores: NDArray[np.float64]) -> list[tuple[int, Fraction]]:
    """Hits in the form of `right_answer`: nothing is rounded on the way."""
    return [(int(i), Fraction(float(score))) for i, score in zip(ids, scores, strict=True)]


@dataclass
class Ledger:
    """A database's event log, reduced: which templates were enrolled when, and purged when."""

    dimension: int
    enrolled: dict[int, int] = field(default_factory=dict)
    purged: dict[int, int] = field(default_factory=dict)

    def vector(self, template_id: int) -> NDArray[np.float32]:
        """The one vector of a template, made from its id."""
        return template_vector(template_id, self.dimension)

    def row(self, template_id: int) -> Row:
        """A template as the database would give it to a rebuild."""
        return Row(template_id, self.vector(template_id), self.enrolled[template_id])

    def ids_at(self, seq: int) -> list[int]:
        """Templates in the gallery once the log had come to `seq`."""
        return sorted(
            i for i, at in self.enrolled.items() if at <= seq and not self.purged.get(i, seq + 1) <= seq
        )

    def rows_at(self, seq: int) -> list[Row]:
        """The rows of the gallery at `seq`."""
        return [self.row(i) for i in self.ids_at(seq)]

    def answer_at(self, seq: int, query: NDArray[np.float32], k: int) -> list[tuple[int, Fraction]]:
        """The right hits at `seq`."""
        ids = np.array(self.ids_at(seq), dtype=np.int64)
        vectors = np.array([self.vector(i) for i in ids.tolist()], np.float32).reshape(-1, self.dimension)
        return right_answer(ids, vectors, query, k)


def batch(ids: Iterable[int], vectors: NDArray[np.float32]) -> RowBatch:
    """Rows as arrays."""
    return RowBatch(np.array(list(ids), dtype=np.int64), vectors)
