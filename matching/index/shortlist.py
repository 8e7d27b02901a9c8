"""Which rows could be among the k best, from approximate scores whose error is bounded.

An approximate score lies within `radius` of the exact one. The k-th largest lower bound (score − radius) over
visible rows is a floor: the k-th best exact score cannot be under it. A row whose upper bound is under
it is out for certain; every other row is scored again exactly. Equal scores stay in together.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.index.layout import Scalar
from matching.index.protocol import Ids

Visible = Callable[[Ids], NDArray[np.bool_]]
Raw = NDArray[Any]  # float32, or int32 in whole steps

# Candidates kept per query, beyond 4k, before the floor is looked at again.
SLACK = 512


class Shortlist:
    """Collects candidates for n queries, block by block. `unit` (n,): one step of a raw score as a cosine."""

    def __init__(self, unit: NDArray[np.float64], k: int, visible: Visible) -> None:
        self._n, self._k = len(unit), k
        self._unit = unit
        self._visible = visible
        self._floor = np.full(self._n, -np.inf)
        self._queries: list[NDArray[np.int64]] = []
        self._rows: list[Ids] = []
        self._scores: list[NDArray[np.float64]] = []
        self._radii: list[NDArray[np.float64]] = []
        self._held = self._settled = 0
        self._blocks = 0

    def offer(self, raw: Raw, first_row: int, radius: NDArray[np.float64]) -> None:
        """Raw scores (n, m) of the rows from first_row on, each within `radius` (n,) of the exact one."""
        if np.isneginf(self._floor).any():
            self._open(raw, first_row, radius)
        hits = np.flatnonzero(raw >= self._cut(raw.dtype, radius)[:, None])
        query, place = np.divmod(hits, raw.shape[1])
        self._keep(query, first_row + place, raw.reshape(-1)[hits], radius)
        self._blocks += 1
        power_of_two = self._blocks & (self._blocks - 1) == 0
        if power_of_two or self._held - self._settled > self._n * (4 * self._k + SLACK):
            self._settle()

    def candidates(self) -> list[Ids]:
        """For each query, every visible row that could be among its k best."""
        self._settle()
        query, rows = self._queries[0], self._rows[0]
        bounds = np.searchsorted(query, np.arange(self._n + 1))
        return [rows[bounds[i] : bounds[i + 1]] for i in range(self._n)]

    def _open(self, raw: Raw, first_row: int, radius: NDArray[np.float64]) -> None:
        """A first floor from one block alone: without it every row of the block would be a candidate."""
        seen = raw[:, self._visible(np.arange(first_row, first_row + raw.shape[1]))]
        if seen.shape[1] < self._k:
            return
        kth = np.partition(seen, seen.shape[1] - self._k, axis=1)[:, seen.shape[1] - self._k]
        self._floor = np.maximum(self._floor, kth * self._unit - radius)

    def _cut(self, dtype: np.dtype[Any], radius: NDArray[np.float64]) -> NDArray[Any]:
        """The smallest raw score whose upper bound reaches the floor, rounded down."""
        cut = (self._floor - radius) / self._unit
        if dtype.kind == "i":
            limits = np.iinfo(np.int32)
            return (np.floor(np.clip(cut, limits.min + 1, limits.max)) - 1).astype(np.int32)
        return np.nextafter(cut.astype(np.float32), np.float32(-np.inf))

    def _keep(self, query: NDArray[np.int64], rows: Ids, raw: Raw, radius: NDArray[np.float64]) -> None:
        if not len(rows):
            return
        seen = self._visible(rows)
        query = query[seen]
        self._queries.append(query)
        self._rows.append(rows[seen])
        self._scores.append(raw[seen] * self._unit[query])
        self._radii.append(radius[query])
        self._held += len(query)

    def _settle(self) -> None:
        """Raise each query's floor to the k-th best lower bound so far, and drop whoever cannot reach it."""
        query, rows = _joined(self._queries, np.int64), _joined(self._rows, np.int64)
        scores, radii = _joined(self._scores, np.float64), _joined(self._radii, np.float64)
        order = np.argsort(query, kind="stable")
        bounds = np.searchsorted(query[order], np.arange(self._n + 1))
        lower = (scores - radii)[order]
        for i in np.flatnonzero(np.diff(bounds) >= self._k):
            mine = lower[bounds[i] : bounds[i + 1]]
            self._floor[i] = max(self._floor[i], np.partition(mine, len(mine) - self._k)[-self._k])
        kept = order[(scores + radii >= self._floor[query])[order]]
        self._queries, self._rows = [query[kept]], [rows[kept]]
        self._scores, self._radii = [scores[kept]], [radii[kept]]
        self._held = self._settled = len(kept)


def _joined(parts: list[NDArray[Scalar]], dtype: type) -> NDArray[Scalar]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)
