"""A better still is asked for, sent and compared; later a new custody image brings the offender back."""

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from portal.questions.models import Question
from portal.questions.states import Kind
from portal.reviews.models import Decision, SearchAgain
from portal.reviews.states import DecisionState, Outcome, Stage
from portal.reviews.status import TOLD
from portal.reviews.tasks import search_again
from tests.browsing import Browser
from tests.cast import (
    Cast,
    decision_on,
    make_custody_image,
    make_gallery,
    picture,
    review_as,
    search_still,
    searched_offender,
)
from tests.police.officer import Officer, Plan, retailers_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PERSON = 9
WORDS = "A frame from the till camera, face to the camera."


def ask_from_the_bench(officer: Officer) -> Question:
    """Seen as the retailer will read it, then sent; back at the faces."""
    page, bench = officer.page, officer.page.url
    officer.choose("a:has-text('Ask the retailer for a better still')")
    officer.choose(f"input[name=kind][value={Kind.BETTER_STILL}]", "Space")
    officer.write("textarea[name=text]", WORDS)
    officer.choose("button:has-text('See it as the retailer will')")
    expect(page.get_by_role("heading", name="This is exactly what the retailer sees")).to_be_focused()
    assert not Question.objects.exists()
    officer.choose("button[name=previewed]")
    expect(page.get_by_text("The retailer was asked.")).to_be_visible()
    assert page.url == bench
    return Question.objects.get()


def answer_in_place(retailer: Officer, question: Question) -> None:
    """The task leads to the question, the question to the still."""
    page = retailer.open("retailer:questions")
    retailer.choose(f"a[href*='{question.uid}']")
    expect(page.get_by_text(WORDS)).to_be_visible()
    retailer.choose("input[name=provided][value=yes]", "Space")
    page.set_input_files(
        "input[name=stills]", {"name": "till.jpg", "mimeType": "image/jpeg", "buffer": picture(4711)}
    )
    retailer.choose("button:has-text('Send the answer')")
    expect(page.get_by_text("The new still is searched").first).to_be_visible()


def search_again_as(supervisor: Officer, decision: Decision) -> None:
    """Asked for on the record, with a reason; what a worker does then."""
    page = supervisor.open("police:decision-record", decision.uid)
    supervisor.write("#search-reason", "Arrested last night")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The gallery is being searched again.")).to_be_visible()
    search_again(again_id=SearchAgain.objects.get(decision=decision).pk)
    page = supervisor.open("police:decision-record", decision.uid)
    expect(page.get_by_text("An officer asked to search again: Sunniva Peel")).to_have_count(2)
    for number in (1, 2, 3):
        expect(page.get_by_role("heading", name=f"Round {number}", exact=True)).to_be_visible()
    supervisor.look()


def state_of(decision: Decision) -> tuple[str, int]:
    decision.refresh_from_db()
    return decision.state, decision.round


def test_a_better_still_then_a_new_custody_image(
    cast: Cast, browser: Browser, live_server: LiveServer
) -> None:
    make_gallery(cast.force, 3)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=PERSON))
    never = retailers_words(cast)
    first = Officer(browser, cast.facial_reviewer, live_server.url, never)
    retailer = Officer(browser, cast.loss_prevention, live_server.url)

    review = first.take_next()
    question = ask_from_the_bench(first)
    first.compare(review, None)
    first.conclude(Outcome.INCONCLUSIVE)
    review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.INCONCLUSIVE)
    answer_in_place(retailer, question)
    assert state_of(decision) == (DecisionState.AWAITING_FIRST, 2)
    search_still(question.stills.get(), person=PERSON)

    review = first.take_next()
    assert len(review.probes) == 2
    first.page.keyboard.press("p")
    expect(first.page.locator("[data-probe='2']")).to_be_visible()
    for key in ("+", "b", "m", "i", "g", "s"):
        first.page.keyboard.press(key)
    first.look()
    first.page.keyboard.press("0")
    first.compare(review, None)
    first.conclude(Outcome.NO_MATCH)
    decision.refresh_from_db()
    review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    assert state_of(decision) == (DecisionState.DECIDED, 2)

    image = make_custody_image(cast.force, PERSON)
    search_again_as(Officer(browser, cast.supervisor, live_server.url), decision)
    assert state_of(decision) == (DecisionState.AWAITING_FIRST, 3)
    for officer in (first, Officer(browser, cast.second_reviewer, live_server.url, never)):
        officer.finish(Plan(Outcome.IDENTIFIED, image.subject.uid))
    assert state_of(decision) == (DecisionState.DECIDED, 3)
    first.open("police:review-replay", review.uid)
    first.look()
    page = retailer.open("retailer:offender", decision.offender.uid)
    expect(page.get_by_text(TOLD[Outcome.IDENTIFIED][0]).first).to_be_visible()
