"""Several stills of one offender: who is compared first."""

import numpy as np
import pytest

from portal.reviews.queries import candidates_of, latest_searches
from portal.searches import fusion
from portal.searches.fusion import fused_scores
from portal.searches.models import Candidate, Search
from portal.submissions.models import Offender
from tests.cast import Cast, make_gallery, make_offender, make_still, picture, search_still, unit_vector


def mixed(*parts: tuple[float, int]) -> np.ndarray:
    total = np.sum([share * unit_vector(person) for share, person in parts], axis=0)
    return (total / np.linalg.norm(total)).astype(np.float32)


@pytest.fixture
def offender(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Offender:
    """Person 3 is second on each of two lists, behind a different stranger each time."""
    make_gallery(cast.force, 6)
    offender = make_offender(cast.loss_prevention, cast.campaign)
    for number, stranger in enumerate((1, 2)):
        still = make_still(offender, picture(number))
        vector = mixed((1.0, stranger), (0.9, 3))
        monkeypatch.setattr("tests.cast.unit_vector", lambda _seed, vector=vector: vector)
        search_still(still)
    return offender


def references(candidates: list[Candidate]) -> list[str]:
    return [one.subject.reference if one.subject else "" for one in candidates]


def test_whoever_is_on_both_lists_comes_first(cast: Cast, offender: Offender) -> None:
    searches = list(latest_searches(offender))
    assert len(searches) == 2
    third = Search.objects.get(pk=searches[0].pk).candidates.get(rank=2)
    listed = candidates_of(searches, 20)
    assert listed[0].subject_uid == third.subject_uid
    assert listed[0].score < max(one.score for one in listed)  # the row keeps its own still's score
    assert len(references(listed)) == len(set(references(listed))) == 6


def test_one_still_keeps_the_order_of_its_scores(cast: Cast, offender: Offender) -> None:
    only = list(latest_searches(offender))[:1]
    assert fused_scores(only, list(only[0].candidates.all())) == {}
    scores = [one.score for one in candidates_of(only, 20)]
    assert scores == sorted(scores, reverse=True)


def test_the_scores_are_the_same_whenever_and_in_whatever_order_they_are_asked(offender: Offender) -> None:
    searches = list(latest_searches(offender))
    candidates = list(Candidate.objects.filter(search__in=searches))
    first = fused_scores(searches, candidates)
    again = fused_scores(searches[::-1], candidates[::-1])
    assert {uid: score.hex() for uid, score in first.items()} == {u: s.hex() for u, s in again.items()}
    assert len(first) == 6


def test_the_better_still_weighs_more(offender: Offender) -> None:
    poor, good = latest_searches(offender).order_by("pk")
    Search.objects.filter(pk=poor.pk).update(unified_quality=2.0)
    Search.objects.filter(pk=good.pk).update(unified_quality=80.0)
    listed = candidates_of(list(latest_searches(offender)), 20)
    best = good.candidates.get(rank=1)
    assert listed[0].subject_uid == best.subject_uid


def test_erased_vectors_and_other_models_are_not_fused(offender: Offender) -> None:
    searches = list(latest_searches(offender))
    candidates = list(Candidate.objects.filter(search__in=searches))
    searches[0].model_version = "other"
    assert fused_scores(searches, candidates) == {}
    searches[0].query = b""
    assert fused_scores(searches, candidates) == {}


def test_it_costs_one_query(offender: Offender, django_assert_num_queries) -> None:
    searches = list(latest_searches(offender))
    candidates = list(Candidate.objects.filter(search__in=searches))
    with django_assert_num_queries(1):
        fusion.fused_scores(searches, candidates)
