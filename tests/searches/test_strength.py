"""What a score and a still are said to be worth: never more than was measured, and the same again later."""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from matching.calibration import NO_SUPPORT, Comparison, Crowd, Evidence, fit
from matching.chances import Chance
from portal.searches.models import Calibration, Search
from portal.searches.strength import (
    NOT_CALIBRATED,
    Support,
    chance_for,
    chance_in_words,
    chances_now,
    depth_in_words,
    support_for,
    supports_for,
)
from tests.cast import ENGINE, Cast, make_gallery, searched_offender

SIZE = 60
MODEL = f"{ENGINE.model} {ENGINE.model_version}"
CHANCE = Chance(0.0, 101.0, 0.47, (0.41, 0.53), 300, 210)


def comparisons(separation: float, count: int, quality: float = 50.0) -> list[Comparison]:
    rng = np.random.default_rng(9)
    return [
        Comparison(float(score), quality, mated, f"{mated}{number}")
        for mated, middle in ((True, separation), (False, 0.0))
        for number, score in enumerate(rng.normal(middle, 1, count))
    ]


def calibrated(separation: float = 4.0, count: int = 400, **changed: Any) -> Calibration:
    fields: dict[str, Any] = {
        "made_at": timezone.now(),
        "made_by": "somebody",
        "basis": "made-up numbers",
        "model": ENGINE.model,
        "model_version": ENGINE.model_version,
        "gallery_size": SIZE,
        "chances": [asdict(CHANCE)],
    } | changed
    lines = fit(
        comparisons(separation, count),
        model=f"{fields['model']} {fields['model_version']}",
        gallery=fields["gallery_size"],
        edges=(15.0, 36.0),
        draws=50,
    )
    return Calibration.objects.create(lines=asdict(lines), **fields)


@pytest.fixture
def search(cast: Cast) -> Search:
    """A search whose first candidate stands out by 4 spreads."""
    make_gallery(cast.force, 3)
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=2)
    found = Search.objects.get(still__offender=offender)
    best = found.candidates.get(rank=1)
    Search.objects.filter(pk=found.pk).update(
        crowd_mean=best.score - 4 * 0.06, crowd_spread=0.05, unified_quality=50.0, gallery_size=SIZE
    )
    return Search.objects.get(pk=found.pk)


def first(search: Search) -> Support:
    return support_for(search, search.candidates.get(rank=1))


def test_a_search_keeps_the_crowd_its_scores_stand_out_from(cast: Cast) -> None:
    make_gallery(cast.force, SIZE)
    offender = searched_offender(cast.loss_prevention, cast.campaign, person=2)
    search = Search.objects.get(still__offender=offender)
    assert search.crowd_mean is not None
    assert search.crowd_spread is not None
    assert -1 < search.crowd_mean < search.candidates.get(rank=10).score
    assert search.unified_quality == search.quality["unified_score"]


def test_a_small_gallery_has_no_crowd_and_no_words(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    calibrated(gallery_size=3)
    search = Search.objects.get(still__offender=searched_offender(cast.loss_prevention, cast.campaign))
    assert search.crowd_mean is None
    assert first(search).words == NOT_CALIBRATED
    assert "too small" in first(search).reason


def test_nothing_is_said_before_a_calibration(search: Search) -> None:
    said = first(search)
    assert (said.words, said.evidence) == (NOT_CALIBRATED, None)
    assert "No calibration" in said.reason


@pytest.mark.parametrize(
    "changed", [{"model_version": "other"}, {"gallery_size": SIZE * 3}, {"gallery_size": SIZE // 3}]
)
def test_another_model_or_gallery_is_refused(search: Search, changed: dict[str, Any]) -> None:
    calibrated(**changed)
    said = first(search)
    assert (said.words, said.evidence) == (NOT_CALIBRATED, None)
    assert "Fitted for" in said.reason
    assert chance_for(search.quality) is None


def test_a_quality_without_comparisons_is_refused(search: Search) -> None:
    calibrated()
    Search.objects.filter(pk=search.pk).update(unified_quality=5.0)
    said = first(Search.objects.get(pk=search.pk))
    assert said.words == NOT_CALIBRATED
    assert "Too few" in said.reason


def test_the_words_are_those_of_the_end_that_claims_least(search: Search) -> None:
    calibrated()
    score = search.candidates.get(rank=1).score
    Search.objects.filter(pk=search.pk).update(crowd_mean=score - 3.2 * 0.06)
    said = first(Search.objects.get(pk=search.pk))
    assert said.evidence is not None
    assert 0 < said.evidence.low <= said.evidence.ratio <= said.evidence.high <= np.log10(400) + 1e-9
    assert said.words == said.evidence.words == "limited support"  # the middle alone would be moderate
    assert said.evidence.ratio > 2 > said.evidence.low


def test_an_interval_that_holds_both_directions_supports_nothing() -> None:
    unsure = Evidence(0.9, -0.2, 3.0, 40, 40)
    assert (unsure.cautious, unsure.words) == (0.0, NO_SUPPORT)
    assert replace(unsure, low=1.1).words == "limited support"
    assert replace(unsure, low=-3.0, high=-1.2, ratio=-2.0).words == NO_SUPPORT


def test_numbers_are_said_with_one_figure() -> None:
    said = Support("limited support", Evidence(1.6, 1.48, 2.17, 400, 400))
    assert "at least 30 times as usual for the same person" in said.meaning
    assert "not measurably more usual" in Support("", Evidence(-1.6, -2.0, -1.48, 400, 400)).meaning
    assert said.span == "30 to 200"  # 147.9, rounded outwards
    assert Support("", Evidence(0.2, -1.3, 0.1, 40, 40)).span == "1/20 to 2"


def test_the_chance_is_said_with_its_interval_and_what_it_rests_on() -> None:
    assert chance_in_words(CHANCE) == (
        "Of 100 stills of this quality, about 47 had the right person among the first 20, when that "
        "person was on record (measured on 300 stills of 210 people; 95 % interval 41 to 53)."
    )


def test_a_page_says_the_same_again_after_a_new_calibration(search: Search) -> None:
    then = timezone.now() - timedelta(days=2)
    calibrated(made_at=then - timedelta(days=1))
    candidate = search.candidates.get(rank=1)
    shown = support_for(search, candidate, at=then)
    calibrated(separation=1.0, made_at=then + timedelta(days=1))
    assert support_for(search, candidate, at=then) == shown
    assert support_for(search, candidate).words != shown.words


def test_many_candidates_cost_one_query(search: Search, django_assert_num_queries) -> None:
    calibrated()
    candidates = list(search.candidates.select_related("search"))
    with django_assert_num_queries(1):
        said = supports_for(candidates)
    assert set(said) == {one.pk for one in candidates}


def test_the_chance_of_a_still_is_the_measured_one_or_none(search: Search) -> None:
    assert chance_for({"unified_score": 30.0}) is None
    calibrated()
    assert chance_for({"unified_score": 30.0}) == chance_for(30.0) == CHANCE
    assert chance_for({}) is None
    assert chance_for(None) is None
    calibrated(chances=[asdict(replace(CHANCE, low=40.0))])
    assert chances_now().of(30.0) is None


def test_a_crowd_measures_how_far_a_score_stands_out() -> None:
    assert Crowd(0.5, 0.04).deviation(0.7) == pytest.approx(4.0)


def test_what_longer_lists_found_is_said_where_it_was_measured() -> None:
    measured = replace(CHANCE, deeper=((20, 0.47), (50, 0.6), (100, 0.71), (200, 0.8)))
    assert depth_in_words(measured) == (
        "Of 100 stills of this quality the right person was among the first 20 for 47, the first 50 for 60, "
        "the first 100 for 71 and the first 200 for 80, when on record."
    )
    assert depth_in_words(CHANCE) == ""
