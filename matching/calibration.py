"""What a similarity is worth: against the crowd of one search, then as a likelihood ratio for its quality.

A raw cosine says little: some probes resemble everybody. `against_crowd` places a score among those of the
people who cannot be the mate (nearly all of a candidate list). It is monotone within one search, so it
never changes an order; it makes one threshold mean the same for every probe.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CROWD = slice(10, 200)  # ranks (0 = first) of one search that are nearly always other people
SMALLEST_CROWD = 40  # fewer persons than this say nothing about the spread
FLOOR = 0.01  # cosine; keeps a very even crowd from making everybody stand out (chosen on the dev people)

# Bands of log10 likelihood ratio; wording follows the verbal scale of the ENFSI guideline (2015), one step
# lower.
BANDS = ((4.0, "strong support"), (2.0, "moderate support"), (1.0, "limited support"))
NO_SUPPORT = "no support either way"
AGAINST = "support for a different person"
LEAST_PAIRS = 30  # mated and non-mated comparisons a stratum must have to be calibrated


class CalibrationRefused(Exception):
    """The calibration was fitted for another model or gallery size, or has too little data for this
    quality.
    """


def against_crowd(scores: NDArray[Any]) -> Floats | None:
    """Persons' best scores of one search, any order -> the same as deviations from the crowd; None if too
    few.

    (score - mean) / (spread + FLOOR) over the ranks of CROWD. Pass at least 200 persons, where there are
    that many.
    """
    crowd = np.sort(np.asarray(scores, np.float64))[::-1][CROWD]
    if len(crowd) < SMALLEST_CROWD:
        return None
    deviations: Floats = (np.asarray(scores, np.float64) - crowd.mean()) / (crowd.std() + FLOOR)
    return deviations


@dataclass(frozen=True)
class Comparison:
    """One probe's first candidate: deviation from the crowd, unified quality 0..100, whether it was the
    same person.
    """

    score: float
    quality: float
    mated: bool


@dataclass(frozen=True)
class Stratum:
    """log10 likelihood ratio = slope * score + offset, for unified qualities below `below`; its own cost
    and data.
    """

    below: float
    slope: float
    offset: float
    cllr: float
    mated: int
    nonmated: int


@dataclass(frozen=True)
class Calibration:
    """Fitted for one model version and about one gallery size; refuses to speak for others."""

    model: str
    gallery: int
    strata: tuple[Stratum, ...]

    def log10_ratio(self, score: float, quality: float, *, model: str, gallery: int) -> float:
        """Evidence for "same person" over "somebody else"; raises CalibrationRefused.

        Never further from 0 than the data can tell: log10 of the number of comparisons on the other side.
        """
        if model != self.model or not 0.5 <= gallery / self.gallery <= 2.0:
            raise CalibrationRefused(
                f"Fitted for {self.model} and {self.gallery} persons, asked for {model} and {gallery}."
            )
        stratum = next(entry for entry in self.strata if quality < entry.below)
        if not np.isfinite(stratum.slope):
            raise CalibrationRefused("Too few comparisons at this still quality.")
        ratio = stratum.slope * score + stratum.offset
        return float(np.clip(ratio, -np.log10(stratum.mated), np.log10(stratum.nonmated)))

    def to_json(self) -> str:
        """For the settings of a deployment."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """What to_json wrote."""
        data = json.loads(text)
        return cls(data["model"], data["gallery"], tuple(Stratum(**entry) for entry in data["strata"]))


def band(log10_ratio: float) -> str:
    """The words for a log10 likelihood ratio; never more than the measured evidence."""
    for limit, words in BANDS:
        if log10_ratio >= limit:
            return words
    return AGAINST if log10_ratio <= -1.0 else NO_SUPPORT


def fit(
    comparisons: Sequence[Comparison], *, model: str, gallery: int, edges: Sequence[float]
) -> Calibration:
    """Logistic calibration per quality stratum; `edges` are ascending unified qualities between strata."""
    limits = [*edges, float("inf")]
    lows = [float("-inf"), *edges]
    strata = [
        _stratum(below, [one for one in comparisons if low <= one.quality < below])
        for low, below in zip(lows, limits, strict=True)
    ]
    return Calibration(model, gallery, tuple(strata))


def _stratum(below: float, members: Sequence[Comparison]) -> Stratum:
    scores = np.array([one.score for one in members])
    mated = np.array([one.mated for one in members], dtype=bool)
    counts = int(mated.sum()), int((~mated).sum())
    if min(counts) < LEAST_PAIRS:
        return Stratum(below, float("nan"), float("nan"), float("nan"), *counts)
    slope, offset = logistic(scores, mated)
    cost = cllr((slope * scores + offset), mated)
    return Stratum(below, slope, offset, cost, *counts)


def logistic(scores: Floats, mated: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of log10 LR by prior-weighted logistic regression (Brummer and du Preez, 2006),
    Newton steps.
    """
    target = mated.astype(np.float64)
    weight = np.where(mated, 0.5 / mated.sum(), 0.5 / (~mated).sum())
    design = np.stack([scores, np.ones_like(scores)], axis=1)
    theta = np.zeros(2)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ theta, -30, 30)))
        gradient = design.T @ (weight * (target - chance)) - np.array([1e-4 * theta[0], 0])
        curvature = design.T @ (design * (weight * chance * (1 - chance))[:, None]) + np.diag([1e-4, 1e-9])
        step = np.linalg.solve(curvature, gradient)
        theta = theta + step
        if np.abs(step).max() < 1e-9:
            break
    return float(theta[0] / np.log(10)), float(theta[1] / np.log(10))


def cllr(log10_ratios: Floats, mated: NDArray[np.bool_]) -> float:
    """Cost of the log-likelihood ratio, bits: 0 perfect, 1 says nothing (Brummer and du Preez, 2006)."""
    natural = log10_ratios * np.log(10)
    same = np.logaddexp(0, -natural[mated]).mean() / np.log(2)
    other = np.logaddexp(0, natural[~mated]).mean() / np.log(2)
    return float((same + other) / 2)
