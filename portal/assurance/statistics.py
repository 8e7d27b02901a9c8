"""Rates, agreement and their uncertainty: pure functions, each with its source. No database."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

Z95 = 1.959963984540054  # the normal quantile of a two-sided 95 % interval
FEWEST = 10  # smaller groups are not shown: a rate of them says little and may point at a person


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the value lies inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Rate:
    """`count` of `total`, with its 95 % interval; `share` is None of nothing."""

    count: int
    total: int

    @property
    def share(self) -> float | None:
        """0 to 1."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> Interval:
        """Wilson's, 95 %; everything is possible where there is nothing."""
        return wilson(self.count, self.total)


def wilson(count: int, total: int, z: float = Z95) -> Interval:
    """The score interval of a proportion: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209–212.

    Holds its level for few cases and rates near 0, where error rates are; see R. G. Newcombe, Statistics
    in Medicine 17 (1998) 857–872, method 3. ValueError where count is not 0…total.
    """
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total}")
    if not total:
        return Interval(0.0, 1.0)
    share, square = count / total, z * z
    middle = share + square / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    low, high = ((middle - half) / (1 + square / total), (middle + half) / (1 + square / total))
    return Interval(0.0 if count == 0 else low, 1.0 if count == total else high)


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance: 1 is perfect, 0 what chance would give. None where it is not defined."""

    value: float | None
    interval: Interval | None
    agreed: int
    total: int


def kappa(pairs: Mapping[tuple[Hashable, Hashable], int]) -> Kappa:
    """Cohen's kappa of two raters from counts by (first's category, second's category).

    J. Cohen, Educ. Psychol. Meas. 20 (1960) 37–46; the 95 % interval from the large-sample standard error
    of J. L. Fleiss, J. Cohen and B. S. Everitt, Psychological Bulletin 72 (1969) 323–327, equation 13.
    Not defined where there are no pairs, or both raters used one and the same category only.
    """
    total, agreed = sum(pairs.values()), sum(n for (one, two), n in pairs.items() if one == two)
    if not total:
        return Kappa(None, None, 0, 0)
    shares = {pair: n / total for pair, n in pairs.items()}
    first, second = _margins(shares)
    observed = agreed / total
    chance = sum(first[name] * second[name] for name in first)
    if math.isclose(chance, 1.0):
        return Kappa(None, None, agreed, total)
    value = (observed - chance) / (1 - chance)
    error = math.sqrt(max(0.0, _kappa_variance(shares, first, second, observed, chance)) / total)
    interval = Interval(max(-1.0, value - Z95 * error), min(1.0, value + Z95 * error))
    return Kappa(value, interval, agreed, total)


Shares = Mapping[tuple[Hashable, Hashable], float]


def _margins(shares: Shares) -> tuple[Counter[Hashable], Counter[Hashable]]:
    first: Counter[Hashable] = Counter()
    second: Counter[Hashable] = Counter()
    for (one, two), share in shares.items():
        first[one] += share  # type: ignore[assignment]
        second[two] += share  # type: ignore[assignment]
    return first, second


def _kappa_variance(
    shares: Shares,
    first: Mapping[Hashable, float],
    second: Mapping[Hashable, float],
    observed: float,
    chance: float,
) -> float:
    """n times the variance of kappa."""
    same, other = 0.0, 0.0
    for (one, two), share in shares.items():
        if one == two:
            same += share * ((1 - chance) - (first[one] + second[one]) * (1 - observed)) ** 2
        else:
            other += share * (second[one] + first[two]) ** 2
    rest = (observed * chance - 2 * chance + observed) ** 2
    return (same + (1 - observed) ** 2 * other - rest) / (1 - chance) ** 4


@dataclass(frozen=True)
class Spread:
    """The middle of some numbers and where the middle half of them lies; None where there are none."""

    middle: float | None
    lower: float | None
    upper: float | None
    count: int


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles (linear between neighbours, as numpy's default; Hyndman and Fan's type 7)."""
    if not values:
        return Spread(None, None, None, 0)
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    lower, _, upper = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), lower, upper, len(values))


@dataclass(frozen=True)
class Drift:
    """A recent rate whose interval does not hold the earlier rate."""

    earlier: Rate
    recent: Rate

    @property
    def worse(self) -> bool:
        """Whether there are more of them now."""
        return (self.recent.share or 0) > (self.earlier.share or 0)


def drift(events: Iterable[bool], *, window: int) -> Drift | None:
    """Compare the newest `window` of events (oldest first) with all before; None where nothing has moved.

    Warned of only with FEWEST or more in both parts. At 95 % one comparison in twenty warns by chance.
    """
    rows = list(events)
    before, after = rows[:-window], rows[-window:]
    if len(before) < FEWEST or len(after) < FEWEST:
        return None
    earlier, recent = Rate(sum(before), len(before)), Rate(sum(after), len(after))
    share = earlier.share
    return None if share is None or recent.interval.holds(share) else Drift(earlier, recent)
