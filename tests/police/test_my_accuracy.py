"""A reviewer's own page: own checks only, each once it is decided, in plain words."""

from django.urls import reverse

from portal.assurance.actions import grade_reviews
from portal.reviews.states import Outcome, Stage
from tests.assurance.checks import queued_check
from tests.cast import Cast, client_of, make_gallery, review_as

PAGE = "police:my-accuracy"


def test_a_result_is_shown_once_the_check_is_decided(cast: Cast) -> None:
    make_gallery(cast.force, 3)
    decision = queued_check(cast.campaign, person=9)
    review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.NO_MATCH)
    grade_reviews()
    client = client_of(cast.facial_reviewer)
    assert "None of your checks is decided yet" in client.get(reverse(PAGE)).content.decode()
    review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    grade_reviews()
    text = client.get(reverse(PAGE)).content.decode()
    assert "<strong>1 of 1</strong> checks whose list held the person" in text
    assert "21 % to 100 %" in text
    assert "Missed the person in the list" in text
    other = client_of(cast.another_reviewer).get(reverse(PAGE)).content.decode()
    assert "None of your checks" in other
    record = client.get(reverse("police:decision-record", args=[decision.uid])).content.decode()
    assert "This was a known-answer check" in record
