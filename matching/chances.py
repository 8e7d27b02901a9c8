"""The measured chance that a still of some quality has the right person among the first 20."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from matching.resampling import share_interval

# Unified quality (0..100) between the steps that are told apart.
STEPS = (3.0, 6.0, 9.0, 13.0, 18.0, 25.0, 36.0, 50.0)
LENGTHS = (20, 50, 100, 200)  # lists an officer may ask for
LEAST_PEOPLE = 20  # a step with fewer people says nothing


@dataclass(frozen=True)
class Chance:
    """Of `stills` searched stills of `people`, all in the gallery, with unified quality in low <= q < high:
    the share whose person was among the first 20, and its 95 % interval (bootstrap over people).

    `deeper`: the share on longer lists, (length, share) for each of LENGTHS.
    """

    low: float
    high: float
    share: float
    interval: tuple[float, float]
    stills: int
    people: int
    deeper: tuple[tuple[int, float], ...] = ()

    def holds(self, quality: float) -> bool:
        """Whether it speaks for stills of this unified quality."""
        return self.low <= quality < self.high


@dataclass(frozen=True)
class Trial:
    """One mated probe whose face was found: unified quality, whose it is, the mate's rank (0: nowhere)."""

    quality: float
    person: str
    rank: int

    def within(self, length: int) -> bool:
        """Whether a list of this length holds the mate."""
        return 0 < self.rank <= length


def chances(trials: Sequence[Trial]) -> list[Chance]:
    """One for every step of quality with enough people, worst quality first."""
    edges = (0.0, *STEPS, float(101))
    steps = (
        _chance(low, high, [one for one in trials if low <= one.quality < high])
        for low, high in pairwise(edges)
    )
    return [one for one in steps if one is not None]


def _chance(low: float, high: float, trials: Sequence[Trial]) -> Chance | None:
    people = [one.person for one in trials]
    if len(set(people)) < LEAST_PEOPLE:
        return None
    listed = np.array([one.within(LENGTHS[0]) for one in trials], dtype=bool)
    deeper = tuple((length, _share([one.within(length) for one in trials])) for length in LENGTHS)
    span = share_interval(people, listed) or (0.0, 1.0)
    rounded = round(span[0], 4), round(span[1], 4)
    return Chance(low, high, _share(listed), rounded, len(trials), len(set(people)), deeper)


def _share(found: Sequence[bool] | NDArray[np.bool_]) -> float:
    return round(float(np.mean(found)), 4)
