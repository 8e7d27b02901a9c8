"""How sure a figure is: bootstrap samples and folds of people, never of pictures.

Several pictures of one person are not independent: whoever resamples pictures gets intervals too narrow
(Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 8.5).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
DRAWS = 200
SEED = 20261123


def resamples(people: Sequence[str], draws: int = DRAWS, seed: int = SEED) -> Iterator[Counts]:
    """For every bootstrap sample of the people: how often each row counts, int64 (rows,)."""
    rng = np.random.default_rng(seed)
    names, person_of = np.unique(np.asarray(people, dtype=str), return_inverse=True)
    for _ in range(draws):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        yield drawn[person_of]


def folds(people: Sequence[str], count: int, seed: int = SEED) -> Counts:
    """The fold (0 … count - 1) of every row; all rows of one person fall into one."""
    names, person_of = np.unique(np.asarray(people, dtype=str), return_inverse=True)
    places = np.random.default_rng(seed).permutation(len(names)) % count
    return np.asarray(places[person_of], dtype=np.int64)


def interval(values: Sequence[float] | Floats) -> tuple[float, float] | None:
    """The middle 95 % of a statistic's bootstrap values, those that are no number left out; None without
    any.
    """
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return None
    low, high = np.percentile(finite, (2.5, 97.5))
    return float(low), float(high)


def share_interval(
    people: Sequence[str], found: NDArray[np.bool_], draws: int = DRAWS
) -> tuple[float, float] | None:
    """Interval of the share of rows that are true; where all or none are, the rule of three's edge."""
    if not len(found):
        return None
    if found.all() or not found.any():
        edge = min(1.0, 3 / len(set(people)))
        return (1 - edge, 1.0) if found.all() else (0.0, edge)
    return interval([float(counts @ found / max(counts.sum(), 1)) for counts in resamples(people, draws)])


def statistic_intervals(
    people: Sequence[str], statistic: Callable[[Counts], dict[str, float]], draws: int
) -> dict[str, list[float] | None]:
    """The interval of every figure that `statistic` makes from the rows' counts, four decimals."""
    drawn = [statistic(counts) for counts in resamples(people, draws)]
    spans = {name: interval([one[name] for one in drawn]) for name in (drawn[0] if drawn else {})}
    return {name: [round(end, 4) for end in span] if span else None for name, span in spans.items()}
