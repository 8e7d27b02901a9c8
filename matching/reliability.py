"""Whether a calibration tells the truth: costs and a reliability table on people it was not fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.calibration import Comparison, cllr, fit
from matching.resampling import folds, interval, resamples

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FOLDS = 5
BIN_EDGES = (-2.0, -1.0, 0.0, 1.0, 2.0)  # log10 ratio; the bands' own edges


@dataclass(frozen=True)
class Bin:
    """Comparisons whose claimed log10 ratio lies in one range: claimed on average, and found.

    `found` is the measured log10 of (share of the mated here) / (share of the others here).
    """

    low: float | None
    high: float | None
    mated: int
    nonmated: int
    claimed: float
    found: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Reliability:
    """Cross-fitted by person: cost in bits (0 perfect, 1 says nothing), its interval, its least possible
    value for this order of scores, and the table behind a reliability diagram.
    """

    cllr: float
    cllr_interval: tuple[float, float] | None
    cllr_min: float
    mated: int
    nonmated: int
    table: tuple[Bin, ...]


def cross_fitted(
    comparisons: Sequence[Comparison], *, edges: Sequence[float]
) -> tuple[Floats, Flags, list[str]]:
    """log10 ratio of every comparison by a calibration fitted to other people; what no stratum could be
    fitted for is left out.
    """
    people = [one.person or str(at) for at, one in enumerate(comparisons)]
    fold_of = folds(people, FOLDS)
    ratios = np.full(len(comparisons), np.nan)
    for fold in range(FOLDS):
        others = [one for one, at in zip(comparisons, fold_of, strict=True) if at != fold]
        fitted = fit(others, model="", gallery=1, edges=edges, draws=0)
        for at in np.flatnonzero(fold_of == fold):
            stratum = fitted.stratum_of(comparisons[int(at)].quality)
            if stratum.slope is not None:
                ratios[at] = stratum.ratio(comparisons[int(at)].score)
    kept = np.isfinite(ratios)
    mated = np.array([one.mated for one in comparisons], dtype=bool)
    return ratios[kept], mated[kept], [name for name, keep in zip(people, kept, strict=True) if keep]


def reliability(comparisons: Sequence[Comparison], *, edges: Sequence[float]) -> Reliability | None:
    """None where nothing could be fitted."""
    ratios, mated, people = cross_fitted(comparisons, edges=edges)
    if not mated.any() or mated.all():
        return None
    drawn = [_weighted_cllr(ratios, mated, times) for times in resamples(people)]
    return Reliability(
        cllr=cllr(ratios, mated),
        cllr_interval=interval(drawn),
        cllr_min=cllr_min(ratios, mated),
        mated=int(mated.sum()),
        nonmated=int((~mated).sum()),
        table=tuple(_table(ratios, mated, people)),
    )


def _weighted_cllr(ratios: Floats, mated: Flags, times: NDArray[np.int64]) -> float:
    if not (times * mated).any() or not (times * ~mated).any():
        return float("nan")
    return cllr(np.repeat(ratios, times), np.repeat(mated, times))


def cllr_min(scores: Floats, mated: Flags) -> float:
    """The cost that remains when the order of the scores is kept and everything else may be chosen
    (pool-adjacent-violators; Brummer and du Preez, 2006).
    """
    order = np.lexsort((~mated, scores))  # of equal scores the mated first: they are pooled
    prior = mated.mean()
    chance = np.clip(_increasing(mated[order].astype(np.float64)), 1e-9, 1 - 1e-9)
    ratios = np.log10(chance / (1 - chance)) - np.log10(prior / (1 - prior))
    return cllr(ratios, mated[order])


def _increasing(values: Floats) -> Floats:
    """The non-decreasing sequence nearest to the values (least squares)."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, size = float(value), 1
        while blocks and blocks[-1][0] >= mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    return np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])


def _table(ratios: Floats, mated: Flags, people: list[str]) -> list[Bin]:
    place = np.digitize(ratios, BIN_EDGES)
    drawn = list(resamples(people))
    return [
        _bin(at, ratios, mated, place == at, drawn) for at in range(len(BIN_EDGES) + 1) if (place == at).any()
    ]


def _bin(at: int, ratios: Floats, mated: Flags, inside: Flags, drawn: list[NDArray[np.int64]]) -> Bin:
    ones = np.ones(len(mated), np.int64)
    found = _measured(mated, inside, ones)
    return Bin(
        low=BIN_EDGES[at - 1] if at else None,
        high=BIN_EDGES[at] if at < len(BIN_EDGES) else None,
        mated=int((inside & mated).sum()),
        nonmated=int((inside & ~mated).sum()),
        claimed=round(float(ratios[inside].mean()), 3),
        found=round(found, 3) if np.isfinite(found) else None,
        interval=interval([_measured(mated, inside, times) for times in drawn]),
    )


def _measured(mated: Flags, inside: Flags, times: NDArray[np.int64]) -> float:
    """log10 of how much likelier a mated comparison falls inside than another; nan where either is empty."""
    here, there = (times * (mated & inside)).sum(), (times * (~mated & inside)).sum()
    if not here or not there:
        return float("nan")
    return float(np.log10((here / (times * mated).sum()) / (there / (times * ~mated).sum())))
