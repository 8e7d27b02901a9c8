"""What officers read about scores and stills: on the reveal, and the same again in the record."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.reviews import actions
from portal.reviews.models import Review
from portal.reviews.states import Stage
from portal.searches.models import Calibration, Search
from tests.cast import Cast, client_of, decision_on, make_gallery, searched_offender
from tests.searches.test_strength import SIZE, calibrated


@pytest.fixture
def review(cast: Cast) -> Review:
    """A first review whose blind stage is over; the first candidate stands out by four spreads."""
    make_gallery(cast.force, 3)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=2))
    search = Search.objects.get()
    best = search.candidates.get(rank=1)
    Search.objects.update(
        crowd_mean=best.score - 4 * 0.06, crowd_spread=0.05, unified_quality=50.0, gallery_size=SIZE
    )
    calibrated(made_at=timezone.now() - timedelta(hours=1))
    review = actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    actions.save_blind(review, by=cast.facial_reviewer)
    return review


def read(client: Client, name: str, uid: object) -> str:
    return " ".join(client.get(reverse(f"police:{name}", args=[uid])).content.decode().split())


def test_the_reveal_says_what_was_measured_and_how_surely(cast: Cast, review: Review) -> None:
    page = read(client_of(cast.facial_reviewer), "review-reveal", review.uid)
    assert "<strong>Moderate support</strong>" in page
    assert "95 % interval of the ratio" in page
    assert "400 and 400 comparisons of this quality, made-up numbers" in page
    assert "Of 100 stills of this quality, about 47 had the right person among the first 20" in page


def test_without_a_calibration_there_is_no_word_and_no_number(cast: Cast, review: Review) -> None:
    Calibration.objects.all().delete()
    page = read(client_of(cast.facial_reviewer), "review-reveal", review.uid)
    assert "Not calibrated for this gallery" in page
    assert "Not measured for stills of this quality" in page
    assert "support</strong>" not in page
    assert "of 100 stills" not in page.lower()


def test_the_record_keeps_the_words_that_were_shown(cast: Cast, review: Review) -> None:
    calibrated(separation=0.5)
    page = read(client_of(cast.supervisor), "decision-record", review.decision.uid)
    assert "moderate support" in page
