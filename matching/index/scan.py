"""One pass over the rows with cheap arithmetic, to find who has to be scored exactly.

float32: numpy's own product. The error of a float32 dot product of d terms is at most γ·‖a‖·‖b‖ in any order
of summation, γ = d·u/(1 − d·u), u = 2⁻²⁴ (Higham, Accuracy and Stability of Numerical Algorithms, §3.1).
int8: whole-number products of codes (numkong), which are exact; what the codes leave out is bounded with
Cauchy–Schwarz from the residuals' norms. A quarter of the bytes, so about a third of the time.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from matching.index.grid import NORM_TOLERANCE
from matching.index.header import Header
from matching.index.layout import Mapping
from matching.index.protocol import Ids
from matching.index.shortlist import Raw, Shortlist, Visible

Arithmetic = Literal["auto", "int8", "float32"]
LARGEST_NORM = 1.0 + NORM_TOLERANCE
# Relative slack for the fp64 arithmetic of the bounds themselves.
ROUNDING = 1e-9
CODE_LIMIT = 127
# For one query, cdist is faster on long rows (256: 6 to 14 ms, 512: 8 to 14), packing on short ones
# (128: 3 to 5, 192: 3 to 5); 393,216 rows.
LONG_ROW = 256
# Scores of one block, n·m, that still fit a core's cache.
BLOCK_SCORES = 1 << 20
LARGEST_BLOCK = 16_384
SMALLEST_BLOCK = 512


def default_code_step(dimension: int) -> float:
    """Components of a unit vector have a root mean square of 1/√d: the largest code is six of those.

    Finer steps would clip more rows, and one clipped row widens the error of its whole block.
    """
    return float(6.0 / np.sqrt(dimension) / CODE_LIMIT)


def encode(vectors: NDArray[np.float32], step: float) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes int8 (n, d) of vectors (n, d), and L2 norms of what they leave out, rounded up, float32 (n,)."""
    codes = np.clip(np.rint(vectors / np.float32(step)), -CODE_LIMIT, CODE_LIMIT).astype(np.int8)
    left = vectors.astype(np.float64) - codes * step
    norms = np.sqrt(np.einsum("ij,ij->i", left, left)) * (1 + ROUNDING)
    return codes, np.nextafter(norms.astype(np.float32), np.float32(np.inf))


def shortlist_rows(mapping: Mapping, header: Header, scan: "Scan", k: int, visible: Visible) -> list[Ids]:
    """For each query of the scan, the rows of a state that could be among its k best visible ones."""
    shortlist = Shortlist(scan.unit, k, visible)
    rows, chunk_rows = header.rows, header.chunk_rows
    size = min(chunk_rows, max(SMALLEST_BLOCK, min(LARGEST_BLOCK, BLOCK_SCORES // len(scan.unit))))
    for first in range(0, rows, chunk_rows):
        for start in range(first, min(first + chunk_rows, rows), size):
            stop = min(start + size, first + chunk_rows, rows)
            chunk, part = first // chunk_rows, slice(start - first, stop - first)
            raw, radius = scan.block(mapping, chunk, part)
            shortlist.offer(raw, start, radius)
    return shortlist.candidates()


@cache
def int8_available() -> bool:
    """Whether numkong is installed and its products on this processor are what whole numbers give."""
    if importlib.util.find_spec("numkong") is None:
        return False
    codes = np.random.default_rng(1).integers(-CODE_LIMIT, CODE_LIMIT + 1, (67, 513)).astype(np.int8)
    codes[0], codes[1] = CODE_LIMIT, -CODE_LIMIT
    return all(_products_are_right(codes[:, :width], n) for width in (128, 256, 513) for n in (1, 67))


def _products_are_right(codes: NDArray[np.int8], n: int) -> bool:
    expected = codes[:n].astype(np.int32) @ codes.astype(np.int32).T
    return np.array_equal(_int8_products(np.ascontiguousarray(codes[:n]))(codes), expected)


Block = Callable[[Mapping, int, slice], tuple[Raw, NDArray[np.float64]]]


@dataclass(frozen=True)
class Scan:
    """unit (n,): one raw step as a cosine. block: raw scores (n, m) of part of a chunk, their error (n,)."""

    unit: NDArray[np.float64]
    block: Block


def scan_for(queries: NDArray[np.float32], code_step: float, arithmetic: Arithmetic) -> Scan:
    """A scan for grid queries (n, d); "auto" takes int8 where it can be had."""
    if arithmetic == "int8" or (arithmetic == "auto" and int8_available()):
        return _int8_scan(queries, code_step)
    return _float32_scan(queries)


def float32_radius(dimension: int) -> float:
    """The largest error of a float32 dot product of two grid vectors, in any order of summation."""
    unit_roundoff = dimension * 2.0**-24
    return unit_roundoff / (1 - unit_roundoff) * LARGEST_NORM**2


def _float32_scan(queries: NDArray[np.float32]) -> Scan:
    radius = np.full(len(queries), float32_radius(queries.shape[1]))

    def block(mapping: Mapping, chunk: int, part: slice) -> tuple[Raw, NDArray[np.float64]]:
        vectors = mapping.vectors[chunk, part]
        if len(queries) == 1:
            return (vectors @ queries[0])[None, :], radius
        return queries @ vectors.T, radius

    return Scan(np.ones(len(queries)), block)


def _int8_scan(queries: NDArray[np.float32], code_step: float) -> Scan:
    # Each query has its own step, as fine as its largest component allows.
    steps = np.abs(queries).max(axis=1).astype(np.float64) / CODE_LIMIT
    coded = [encode(query[None], step) for query, step in zip(queries, steps, strict=True)]
    codes = np.concatenate([code for code, _ in coded])
    query_residuals = np.concatenate([residual for _, residual in coded]).astype(np.float64)
    products = _int8_products(codes)

    def block(mapping: Mapping, chunk: int, part: slice) -> tuple[Raw, NDArray[np.float64]]:
        # q·v − q̂·v̂ = q·(v − v̂) + (q − q̂)·v̂, and ‖v̂‖ ≤ ‖v‖ + ‖v − v̂‖.
        residual = float(mapping.residuals[chunk, part].max())
        radius = LARGEST_NORM * residual + query_residuals * (LARGEST_NORM + residual)
        return products(mapping.codes[chunk, part]), radius * (1 + ROUNDING) + ROUNDING

    return Scan(steps * code_step, block)


def _int8_products(codes: NDArray[np.int8]) -> Callable[[NDArray[np.int8]], NDArray[np.int32]]:
    """A function from rows' codes (m, d) to exact products with the queries' codes, int32 (n, m)."""
    import numkong

    if len(codes) > 1:
        return lambda rows: np.asarray(numkong.dots_packed(codes, numkong.dots_pack(rows)))
    if codes.shape[1] >= LONG_ROW:
        return lambda rows: np.asarray(numkong.cdist(codes, rows, "dot")).astype(np.int32)
    packed = numkong.dots_pack(codes)
    return lambda rows: np.asarray(numkong.dots_packed(rows, packed)).reshape(1, -1)
