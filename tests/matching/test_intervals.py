"""Intervals and groups: bootstrap over people, the same figures as without it."""

import numpy as np
import pytest

from matching.calibration import Comparison, cllr
from matching.chances import Trial, chances
from matching.evaluation import Ranked, figures, thresholds
from matching.intervals import by_group, intervals, limits_of, shares, table_of
from matching.reliability import cllr_min, cross_fitted, reliability
from matching.resampling import folds, interval, resamples, share_interval


def ranked(count: int = 200, *, group: str = "", shift: float = 0.0, seed: int = 3) -> list[Ranked]:
    """Half mated, two pictures a person; strangers around 0, mates around 3."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        mated, person = number % 2 == 0, f"{group}{number // 4}-{number % 2}"
        top = float(rng.normal(3 if mated else shift, 1))
        at = int(rng.integers(1, 40)) if mated else 0
        rows.append(Ranked("s", mated, True, top, top if mated else -np.inf, at, person, 50.0, group))
    return rows


def test_pictures_of_one_person_are_drawn_together() -> None:
    people = ["a", "b", "a", "c", "b"]
    for times in resamples(people, 20):
        assert times[0] == times[2]
        assert times[1] == times[4]
        assert times[0] + times[1] + times[3] == 3
    assert [list(one) for one in resamples(people, 3)] == [list(one) for one in resamples(people, 3)]


def test_no_person_is_in_two_folds() -> None:
    found = folds(["a", "b", "a", "c", "b"], 3)
    assert found[0] == found[2]
    assert found[1] == found[4]
    assert len(set(found.tolist())) == 3


def test_counting_every_row_once_gives_the_plain_figures() -> None:
    rows = ranked()
    table, once = table_of(rows), np.ones(len(rows), dtype=np.int64)
    limits = limits_of(table, once)
    assert limits == thresholds(rows)
    plain = figures(rows, 10, limits)
    for name, value in shares(table, once, limits).items():
        if name in plain:
            assert round(value, 4) == plain[name]


def test_intervals_hold_the_figure_and_shrink_with_more_people() -> None:
    few, many = ranked(60), ranked(600)
    spans = [intervals(rows, 100)["top20"] for rows in (few, many)]
    for rows, span in zip((few, many), spans, strict=True):
        assert span is not None
        value = figures(rows, 10, thresholds(rows))["top20"]
        assert span[0] <= value <= span[1]
    widths = [span[1] - span[0] for span in spans if span is not None]
    assert widths[1] < widths[0]


def test_a_group_whose_strangers_score_high_shows_it() -> None:
    groups = by_group([*ranked(group="a"), *ranked(group="b", shift=2.0, seed=4)], 50)
    assert set(groups) == {"a", "b"}
    assert groups["b"]["fpir_at_fpir_0.1"] > groups["a"]["fpir_at_fpir_0.1"]
    assert groups["b"]["intervals"]["fpir_at_fpir_0.1"][0] > groups["a"]["intervals"]["fpir_at_fpir_0.1"][1]
    assert groups["a"]["nonmated"] == 100


def test_none_of_few_is_not_never() -> None:
    assert share_interval([str(n) for n in range(30)], np.zeros(30, dtype=bool)) == (0.0, 0.1)
    assert share_interval([str(n) for n in range(30)], np.ones(30, dtype=bool)) == (0.9, 1.0)
    assert share_interval([], np.zeros(0, dtype=bool)) is None
    assert interval([float("nan")]) is None


def test_a_step_of_quality_with_few_people_has_no_chance() -> None:
    trials = [Trial(40.0, f"p{n}", (0, 1, 20, 21)[n % 4]) for n in range(40)] + [Trial(10.0, "one", 1)] * 50
    [only] = chances(trials)
    assert (only.low, only.high, only.share, only.stills, only.people) == (36.0, 50.0, 0.5, 40, 40)
    assert only.interval[0] < 0.5 < only.interval[1]
    assert only.deeper == ((20, 0.5), (50, 0.75), (100, 0.75), (200, 0.75))


def comparisons(claim: float = 1.0) -> list[Comparison]:
    rng = np.random.default_rng(2)
    return [
        Comparison(float(claim * rng.normal(middle, 1)), 50.0, mated, f"{mated}{number}")
        for mated, middle in ((True, 2.0), (False, 0.0))
        for number in range(300)
    ]


def test_a_calibration_tells_the_truth_on_people_it_was_not_fitted_to() -> None:
    measured = reliability(comparisons(), edges=(15.0, 36.0))
    assert measured is not None
    assert measured.cllr_min <= measured.cllr <= measured.cllr_min + 0.08
    assert measured.cllr_interval is not None
    assert measured.cllr_interval[0] < measured.cllr < measured.cllr_interval[1]
    assert sum(one.mated for one in measured.table) == measured.mated == 300
    for one in measured.table:
        if one.interval is not None and min(one.mated, one.nonmated) >= 20:
            assert one.interval[0] - 0.1 <= one.claimed <= one.interval[1] + 0.1


def test_what_cannot_be_fitted_is_left_out() -> None:
    few = [one for one in comparisons() if one.mated][:10]
    assert len(cross_fitted(few, edges=(15.0,))[0]) == 0
    assert reliability(few, edges=(15.0,)) is None


def test_the_least_cost_is_that_of_the_best_monotone_reading() -> None:
    mated = np.array([False, False, True, True])
    assert cllr_min(np.array([0.1, 0.2, 0.3, 0.4]), mated) == pytest.approx(0.0, abs=1e-6)
    useless = np.array([1.0, 1.0, 1.0, 1.0])
    assert cllr_min(useless, mated) == pytest.approx(1.0)
    rng = np.random.default_rng(5)
    scores, flags = rng.normal(size=200), rng.random(200) > 0.5
    assert cllr_min(scores, flags) <= cllr(scores, flags)
