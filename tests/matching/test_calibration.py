"""Scores against the crowd; likelihood ratios that claim no more than was measured."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from matching.calibration import (
    AGAINST,
    NO_SUPPORT,
    Calibration,
    CalibrationRefused,
    Comparison,
    against_crowd,
    band,
    cllr,
    fit,
)


def comparisons(separation: float, count: int = 400, quality: float = 50.0) -> list[Comparison]:
    rng = np.random.default_rng(9)
    same = [Comparison(float(value), quality, True) for value in rng.normal(separation, 1, count)]
    return same + [Comparison(float(value), quality, False) for value in rng.normal(0, 1, count)]


def fitted(separation: float = 3.0, count: int = 400) -> Calibration:
    return fit(comparisons(separation, count), model="m-1", gallery=1000, edges=[30.0])


def test_the_crowd_never_changes_an_order() -> None:
    scores = np.random.default_rng(1).normal(0.6, 0.1, 500)
    deviations = against_crowd(scores)
    assert deviations is not None
    assert np.array_equal(np.argsort(scores, kind="stable"), np.argsort(deviations, kind="stable"))


def test_a_probe_that_resembles_everybody_gains_nothing_by_it() -> None:
    crowd = np.random.default_rng(1).normal(0.5, 0.1, 500)
    alike = against_crowd(crowd + 0.3)
    plain = against_crowd(crowd)
    assert alike is not None
    assert plain is not None
    assert np.allclose(alike, plain)


def test_a_gallery_too_small_for_a_crowd_says_so() -> None:
    assert against_crowd(np.arange(49) / 100) is None
    assert against_crowd(np.arange(50) / 100) is not None


def test_ratios_match_the_distributions_they_were_fitted_to() -> None:
    # two unit normals d apart: ln LR = d * (x - d / 2)
    calibration = fitted(3.0, 4000)
    for score in (0.5, 1.5, 2.5):
        expected = 3.0 * (score - 1.5) / np.log(10)
        ratio = calibration.log10_ratio(score, 50, model="m-1", gallery=1000)
        assert ratio == pytest.approx(expected, abs=0.25)


def test_no_ratio_goes_beyond_the_comparisons_behind_it() -> None:
    calibration = fitted(3.0, 400)
    assert calibration.log10_ratio(100, 50, model="m-1", gallery=1000) == pytest.approx(np.log10(400))
    assert calibration.log10_ratio(-100, 50, model="m-1", gallery=1000) == pytest.approx(-np.log10(400))


@pytest.mark.parametrize(("model", "gallery"), [("m-2", 1000), ("m-1", 2500), ("m-1", 400)])
def test_another_model_or_gallery_is_refused(model: str, gallery: int) -> None:
    with pytest.raises(CalibrationRefused):
        fitted().log10_ratio(1.0, 50, model=model, gallery=gallery)


def test_a_quality_without_data_is_refused() -> None:
    with pytest.raises(CalibrationRefused, match="Too few"):
        fitted().log10_ratio(1.0, 10, model="m-1", gallery=1000)


def test_scores_that_tell_nobody_apart_are_silent() -> None:
    for separation in (-2.0, 0.0):
        with pytest.raises(CalibrationRefused, match="not to tell"):
            fitted(separation).log10_ratio(1.0, 50, model="m-1", gallery=1000)


def test_it_survives_being_stored() -> None:
    calibration = fitted()
    again = Calibration.from_dict(json.loads(json.dumps(asdict(calibration))))
    assert again.log10_ratio(2, 50, model="m-1", gallery=1000) == pytest.approx(
        calibration.log10_ratio(2, 50, model="m-1", gallery=1000)
    )


def test_cost_falls_with_separation_and_is_one_for_none() -> None:
    costs = [fitted(separation).strata[1].cllr or 0.0 for separation in (0.0, 1.0, 3.0)]
    assert costs[0] == pytest.approx(1.0, abs=0.02)
    assert costs[0] > costs[1] > costs[2] > 0
    assert cllr(np.zeros(4), np.array([True, True, False, False])) == pytest.approx(1.0)


def test_words_grow_with_the_evidence() -> None:
    words = [band(value) for value in (-3, 0, 1.2, 2.5, 5)]
    assert words == [AGAINST, NO_SUPPORT, "limited support", "moderate support", "strong support"]
