"""What a similarity is worth: against the crowd of one search, then as a likelihood ratio for its quality.

A raw cosine says little: some probes resemble everybody. `against_crowd` places a score among those of the
people who cannot be the mate (nearly all of a candidate list). It is monotone within one search, so it
never changes an order; it makes one threshold mean the same for every probe.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.resampling import DRAWS, interval, resamples

Floats = NDArray[np.float64]

CROWD = slice(10, 200)  # ranks (0 = first) of one search that are nearly always other people
SMALLEST_CROWD = 40  # fewer persons than this say nothing about the spread
FLOOR = 0.01  # cosine; keeps a very even crowd from making everybody stand out (chosen on the dev people)

# Bands of log10 likelihood ratio; wording follows the verbal scale of the ENFSI guideline (2015), one step
# lower.
BANDS = ((4.0, "strong support"), (2.0, "moderate support"), (1.0, "limited support"))
NO_SUPPORT = "no support either way"
AGAINST = "support for a different person"
TOO_FEW = "Too few comparisons at this still quality."
SILENT = "At this still quality, scores were found not to tell the same person from the likest stranger."
LEAST_PAIRS = 30  # mated and non-mated comparisons a stratum must have to be calibrated


class CalibrationRefused(Exception):
    """The calibration was fitted for another model or gallery size, or has too little data for this
    quality.
    """


@dataclass(frozen=True)
class Crowd:
    """Mean and spread (cosine) of the persons at the ranks of CROWD of one search."""

    mean: float
    spread: float

    def deviation(self, score: float) -> float:
        """How far a score stands out: (score - mean) / (spread + FLOOR)."""
        return (score - self.mean) / (self.spread + FLOOR)


def crowd_of(scores: NDArray[Any]) -> Crowd | None:
    """Persons' best scores of one search, any order; None where too few remain to be a crowd.

    Pass at least 200 persons, where there are that many.
    """
    crowd = np.sort(np.asarray(scores, np.float64))[::-1][CROWD]
    if len(crowd) < SMALLEST_CROWD:
        return None
    return Crowd(float(crowd.mean()), float(crowd.std()))


def against_crowd(scores: NDArray[Any]) -> Floats | None:
    """Persons' best scores of one search, any order -> the same as deviations from the crowd; None if too
    few.
    """
    crowd = crowd_of(scores)
    if crowd is None:
        return None
    deviations: Floats = (np.asarray(scores, np.float64) - crowd.mean) / (crowd.spread + FLOOR)
    return deviations


@dataclass(frozen=True)
class Comparison:
    """One probe's mate or best stranger: deviation from the crowd, unified quality 0..100, whether it was
    the same person, and whose picture the probe is.
    """

    score: float
    quality: float
    mated: bool
    person: str = ""


@dataclass(frozen=True)
class Stratum:
    """log10 likelihood ratio = slope * score + offset, for unified qualities below `below`; None: too little
    data.

    `resamples` are the same two numbers fitted to bootstrap samples of the people; `cllr` is the cost on
    the fitted data themselves (see reliability.py for the cross-fitted one).
    """

    below: float | None
    slope: float | None
    offset: float | None
    cllr: float | None
    mated: int
    nonmated: int
    resamples: tuple[tuple[float, float], ...] = ()

    @property
    def enough(self) -> bool:
        """Whether there was enough to fit; without a slope it then told nobody apart."""
        return min(self.mated, self.nonmated) >= LEAST_PAIRS

    def ratio(self, score: float, line: tuple[float, float] | None = None) -> float:
        """log10 ratio, never further from 0 than the data can tell: log10 of the comparisons on the other
        side.
        """
        slope, offset = line or (self.slope or 0.0, self.offset or 0.0)
        return float(np.clip(slope * score + offset, -np.log10(self.mated), np.log10(self.nonmated)))


@dataclass(frozen=True)
class Evidence:
    """What one candidate's score is worth: log10 likelihood ratio, its 95 % interval, and the comparisons
    (mated, others) of that quality it rests on.
    """

    ratio: float
    low: float
    high: float
    mated: int
    nonmated: int

    @property
    def cautious(self) -> float:
        """The end of the interval that claims least, and nothing (0) against a person: what the line says of
        low scores was measured to be too much (docs/evaluation.md, reliability).
        """
        return max(self.low, 0.0)

    @property
    def words(self) -> str:
        """The band of the end that claims least."""
        return band(self.cautious)


@dataclass(frozen=True)
class Calibration:
    """Fitted for one model version and about one gallery size; refuses to speak for others."""

    model: str
    gallery: int
    strata: tuple[Stratum, ...]

    def refusal(self, model: str, gallery: int) -> str:
        """Why it does not speak for this model and number of persons; empty where it does."""
        if model == self.model and 0.5 <= gallery / self.gallery <= 2.0:
            return ""
        return f"Fitted for {self.model} and {self.gallery} persons, asked for {model} and {gallery}."

    def evidence(self, score: float, quality: float, *, model: str, gallery: int) -> Evidence:
        """For "same person" over "somebody else"; raises CalibrationRefused."""
        if why := self.refusal(model, gallery):
            raise CalibrationRefused(why)
        stratum = self.stratum_of(quality)
        if stratum.slope is None:
            raise CalibrationRefused(SILENT if stratum.enough else TOO_FEW)
        ratio = stratum.ratio(score)
        drawn = interval([stratum.ratio(score, line) for line in stratum.resamples]) or (ratio, ratio)
        low, high = min(drawn[0], ratio), max(drawn[1], ratio)
        return Evidence(ratio, low, high, stratum.mated, stratum.nonmated)

    def log10_ratio(self, score: float, quality: float, *, model: str, gallery: int) -> float:
        """The ratio of evidence(), without its interval."""
        return self.evidence(score, quality, model=model, gallery=gallery).ratio

    def stratum_of(self, quality: float) -> Stratum:
        """The stratum a unified quality falls into."""
        return next(one for one in self.strata if one.below is None or quality < one.below)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Calibration":
        """What dataclasses.asdict() gave, as JSON keeps it."""
        strata = (
            Stratum(**{**one, "resamples": tuple((line[0], line[1]) for line in one["resamples"])})
            for one in data["strata"]
        )
        return cls(data["model"], data["gallery"], tuple(strata))


def band(log10_ratio: float) -> str:
    """The words for a log10 likelihood ratio; never more than the measured evidence."""
    for limit, words in BANDS:
        if log10_ratio >= limit:
            return words
    return AGAINST if log10_ratio <= -1.0 else NO_SUPPORT


def fit(
    comparisons: Sequence[Comparison],
    *,
    model: str,
    gallery: int,
    edges: Sequence[float],
    draws: int = DRAWS,
) -> Calibration:
    """Logistic calibration per quality stratum; `edges` are ascending unified qualities between strata."""
    limits = [*edges, None]
    lows = [float("-inf"), *edges]
    strata = [
        _stratum(
            below,
            [one for one in comparisons if low <= one.quality and (below is None or one.quality < below)],
            draws,
        )
        for low, below in zip(lows, limits, strict=True)
    ]
    return Calibration(model, gallery, tuple(strata))


def _stratum(below: float | None, members: Sequence[Comparison], draws: int) -> Stratum:
    scores = np.array([one.score for one in members])
    mated = np.array([one.mated for one in members], dtype=bool)
    counts = int(mated.sum()), int((~mated).sum())
    if min(counts) < LEAST_PAIRS:
        return Stratum(below, None, None, None, *counts)
    slope, offset = logistic(scores, mated)
    cost = cllr((slope * scores + offset), mated)
    lines = tuple(
        logistic(scores, mated, times)
        for times in resamples([one.person or str(at) for at, one in enumerate(members)], draws)
        if (times * mated).any() and (times * ~mated).any()
    )
    if slope <= 0 or (lines and np.percentile([line[0] for line in lines], 2.5) <= 0):
        # A higher score must never speak against a person, nor a chance finding for anybody.
        return Stratum(below, None, None, cost, *counts)
    return Stratum(below, slope, offset, cost, *counts, lines)


def logistic(
    scores: Floats, mated: NDArray[np.bool_], times: NDArray[np.int64] | None = None
) -> tuple[float, float]:
    """Slope and offset of log10 LR by prior-weighted logistic regression (Brummer and du Preez, 2006),
    Newton steps; `times` is how often each comparison counts.
    """
    target = mated.astype(np.float64)
    often = np.ones_like(target) if times is None else times.astype(np.float64)
    weight = often * np.where(mated, 0.5 / (often * mated).sum(), 0.5 / (often * ~mated).sum())
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
    return round(float(theta[0] / np.log(10)), 5), round(float(theta[1] / np.log(10)), 5)


def cllr(log10_ratios: Floats, mated: NDArray[np.bool_]) -> float:
    """Cost of the log-likelihood ratio, bits: 0 perfect, 1 says nothing (Brummer and du Preez, 2006)."""
    natural = log10_ratios * np.log(10)
    same = np.logaddexp(0, -natural[mated]).mean() / np.log(2)
    other = np.logaddexp(0, natural[~mated]).mean() / np.log(2)
    return float((same + other) / 2)
