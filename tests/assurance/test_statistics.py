"""Intervals and agreement against published numbers, and against what they promise."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assurance.models import CheckResult
from portal.assurance.rates import accuracy
from portal.assurance.states import Grade
from portal.assurance.statistics import Rate, drift, kappa, spread, wilson


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_newcombe_printed_it(count: int, total: int, low: float, high: float) -> None:
    found = wilson(count, total)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


@given(st.integers(0, 400), st.integers(0, 400))
def test_wilson_holds_the_share_and_is_symmetric(count: int, more: int) -> None:
    total = count + more
    found, other = wilson(count, total), wilson(more, total)
    assert 0 <= found.low <= found.high <= 1
    assert other.low == pytest.approx(1 - found.high, abs=1e-12)
    if total:
        assert found.holds(count / total)


def test_kappa_of_cohen_1960() -> None:
    """Educ. Psychol. Meas. 20 (1960), N = 200: kappa .492; limits .384 and .600 with its simpler error."""
    shares = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    found = kappa({(r, c): n for r, row in enumerate(shares) for c, n in enumerate(row)})
    assert found.value == pytest.approx(0.492, abs=5e-4)
    assert found.interval is not None
    assert [found.interval.low, found.interval.high] == pytest.approx([0.384, 0.600], abs=0.01)


def test_kappa_of_fleiss() -> None:
    """Fleiss, Statistical Methods for Rates and Proportions (2nd ed., 1981), table 13.1: .68, error .087."""
    table = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    found = kappa({(r, c): n for r, row in enumerate(table) for c, n in enumerate(row)})
    assert found.value == pytest.approx(0.676, abs=5e-4)
    assert found.interval is not None
    assert (found.interval.high - found.interval.low) / (2 * 1.96) == pytest.approx(0.087, abs=1e-3)
    assert (found.agreed, found.total) == (89, 100)


def test_kappa_at_its_ends() -> None:
    assert kappa({("a", "a"): 5, ("b", "b"): 5}).value == 1
    assert kappa({("a", "b"): 5, ("b", "a"): 5}).value == -1
    assert kappa({}).value is None
    assert kappa({("a", "a"): 9}).value is None


def test_spread_as_numpy_has_it() -> None:
    found = spread([1, 2, 3, 4, 10])
    assert (found.lower, found.middle, found.upper, found.count) == (2, 3, 4, 5)
    assert spread([]).middle is None
    assert spread([7]).upper == 7


def test_drift_is_told_when_the_rate_has_moved_and_only_then() -> None:
    steady = [False, False, False, False, True] * 20
    assert drift(steady, window=30) is None
    assert drift(steady[:15], window=30) is None
    moved = drift([*steady, *([True] * 30)], window=30)
    assert moved is not None
    assert moved.worse
    assert (moved.earlier, moved.recent) == (Rate(20, 100), Rate(30, 30))


def simulated(rng: Random, missing: float, naming: float, checks: int) -> list[CheckResult]:
    """A reviewer who misses and names wrongly at known rates; half of the lists hold the person."""
    results = []
    for _ in range(checks):
        listed = rng.random() < 0.5
        if rng.random() < naming:
            grade = Grade.WRONG_PERSON
        elif listed:
            grade = Grade.MISSED if rng.random() < missing else Grade.FOUND
        else:
            grade = Grade.CLEARED
        results.append(CheckResult(listed=listed, grade=grade))
    return results


@pytest.mark.parametrize(("missing", "naming"), [(0.05, 0.02), (0.2, 0.1), (0.4, 0.25)])
def test_the_intervals_cover_what_three_reviewers_really_do(missing: float, naming: float) -> None:
    rng, rounds = Random(f"{missing} {naming}"), 400
    truly_missed = naming + (1 - naming) * missing  # who names another has not found the person either
    held = {"missed": 0, "wrong": 0}
    for _ in range(rounds):
        found = accuracy(simulated(rng, missing, naming, 80))
        held["missed"] += found.missed.interval.holds(truly_missed)
        held["wrong"] += found.wrong.interval.holds(naming)
    assert all(count / rounds >= 0.92 for count in held.values()), held
