"""The grid that makes every score exact: components are multiples of 2⁻²⁴ below 1 in size.

A product of two such components is a multiple of 2⁻⁴⁸, and no partial sum of a dot product of two vectors of
norm near 1 exceeds 1.01: fp64 holds all of them without rounding. So the order of summation, the number of
threads, the size of a batch and the processor cannot change one bit of a score.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

GRID = "2^-24"
STEPS = np.float32(2.0**24)
NORM_TOLERANCE = 1e-3


def to_grid(vectors: ArrayLike) -> NDArray[np.float32]:
    """Round to the nearest multiple of 2⁻²⁴, shape kept, no negative zero. Scores move by at most 1e-7."""
    scaled = np.asarray(vectors, dtype=np.float32) * STEPS
    rounded: NDArray[np.float32] = np.rint(scaled) / STEPS + np.float32(0.0)
    return rounded


def on_grid(vectors: ArrayLike, dimension: int) -> NDArray[np.float32]:
    """Contiguous float32 (n, dimension). ValueError unless on the grid and of unit norm (±1e-3)."""
    given = np.ascontiguousarray(vectors, dtype=np.float32)
    _require_unit(given, dimension)
    if given.tobytes() != to_grid(given).tobytes():
        raise ValueError(f"vectors are not on the {GRID} grid: pass them through to_grid first")
    return given


def queries_on_grid(queries: ArrayLike, dimension: int) -> NDArray[np.float32]:
    """Unit vectors (n, dimension), or one (dimension,), rounded to the grid: float32 (n, dimension)."""
    rounded = np.ascontiguousarray(np.atleast_2d(to_grid(queries)))
    _require_unit(rounded, dimension)
    return rounded


def exact_scores(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float64]:
    """Exact dot products of grid vectors (n, d) with one grid query (d,). Adding 0.0 turns -0.0 into 0.0."""
    scores: NDArray[np.float64] = vectors.astype(np.float64) @ query.astype(np.float64) + 0.0
    return scores


def _require_unit(vectors: NDArray[np.float32], dimension: int) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        raise ValueError(f"vectors of shape {vectors.shape}: expected (n, {dimension})")
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    # Written so that NaN fails too.
    if not bool(np.all(np.abs(squares - 1.0) <= 2 * NORM_TOLERANCE)):
        raise ValueError("vectors must have unit L2 norm")
