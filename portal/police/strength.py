"""What a review's pages say about strength: the same at the reveal, at the adjudication and in the record."""

from collections.abc import Iterable

from portal.reviews.models import Judgement, Review
from portal.searches.strength import Support, chance_in_words, chances_now, supports_for


def supports_of(review: Review, judgements: Iterable[Judgement]) -> dict[int, Support]:
    """By the judgement's id, as of the moment the blind stage ended; candidates come with their searches."""
    rows = [(one.pk, one.candidate) for one in judgements if one.candidate is not None]
    said = supports_for([one for _, one in rows], at=review.blind_saved_at or review.claimed_at)
    return {pk: said[one.pk] for pk, one in rows}


def chances_of(review: Review) -> list[tuple[int, str]]:
    """For every still that was searched its number and the measured chance, empty where there is none."""
    chances = chances_now()
    found = ((number, chances.of(probe["quality"])) for number, probe in _searched(review))
    return [(number, chance_in_words(chance) if chance else "") for number, chance in found]


def _searched(review: Review) -> list[tuple[int, dict[str, dict[str, float]]]]:
    return [(number, one) for number, one in enumerate(review.probes, start=1) if one.get("search")]
