"""The bench in a real browser: keys, the record of the view, what is loaded when, what is in view."""

import re

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews import actions
from portal.reviews.models import Decision, Review
from portal.submissions.models import Campaign
from tests.browsing import Browser
from tests.cast import Cast, decision_on, make_gallery, searched_offender
from tests.police.officer import Officer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST, LONG = 20, 50


@pytest.fixture
def decision(cast: Cast) -> Decision:
    make_gallery(cast.force, 4)
    return decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=2))


@pytest.fixture
def reviewer(cast: Cast, decision: Decision, browser: Browser, live_server: LiveServer) -> Officer:
    """The facial reviewer at the bench, the decision's first review taken."""
    return at_the_bench(Officer(browser, cast.facial_reviewer, live_server.url))


def at_the_bench(officer: Officer) -> Officer:
    officer.take_next()
    return officer


def test_time_and_view_are_recorded(reviewer: Officer) -> None:
    page = reviewer.page
    with page.expect_response(re.compile("/view-edits/")) as told:
        page.keyboard.press("+")
        page.keyboard.press("m")
    assert told.value.status == 200
    page.wait_for_timeout(300)
    with page.expect_response(re.compile("/save/")):
        page.keyboard.press("3")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    review = Review.objects.latest("pk")
    edits = [(edit["control"], edit["value"], edit["candidate"]) for edit in review.view_edits]
    assert edits == [("show", 1, 1), ("zoom", 1.5, 1), ("flip", 1, 1)]
    judgement = review.judgements.get(position=1)
    assert judgement.blind == "cannot_tell"
    assert judgement.seconds_viewed >= 0.3
    reviewer.leave_the_bench()


def test_each_face_is_fetched_and_logged_once(reviewer: Officer) -> None:
    page = reviewer.page
    for _ in range(6):
        page.keyboard.press("j")
    page.wait_for_load_state("networkidle")
    seen = Entry.objects.filter(tag=Tag.CUSTODY_IMAGE_VIEWED)
    assert seen.count() == len(set(seen.values_list("subject_id", flat=True))) == 4
    reviewer.leave_the_bench()


def test_twenty_candidates_are_cleared_by_one_key_each(
    cast: Cast, browser: Browser, live_server: LiveServer
) -> None:
    """Counted, not timed: after the first key no picture is asked for. The times are printed."""
    make_gallery(cast.force, LIST)
    decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=2))
    reviewer = at_the_bench(Officer(browser, cast.facial_reviewer, live_server.url))
    page = reviewer.page
    page.wait_for_load_state("load")  # with every picture
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if request.resource_type == "image" else None
    )
    keys = ["2"] * LIST
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator("[data-left]")).to_have_text("All candidates are judged.")
    expect(page.locator("[data-finish]")).to_be_focused()
    measured = page.evaluate(
        "performance.getEntriesByName('bench:pair').slice(1).map((one) => [one.detail.loaded, one.duration])"
    )
    print("milliseconds from the key to the pair on the screen:", [round(ms) for _, ms in measured])
    assert [loaded for loaded, _ in measured] == [True] * (LIST - 1)
    assert asked == []
    judged = Review.objects.latest("pk").judgements.values_list("blind", flat=True)
    assert list(judged) == ["not"] * len(keys)  # one key each: two are allowed
    reviewer.leave_the_bench()


def test_a_judgement_that_is_not_kept_looks_like_it(reviewer: Officer) -> None:
    """Another window of the same officer has handed the review back."""
    page = reviewer.page
    actions.release_review(Review.objects.get(), by=reviewer.user, reason="in another window")
    page.keyboard.press("3")
    line = page.locator("[data-pair='1'] [data-saved]")
    expect(line).to_contain_text("went back to the queue")
    expect(line).to_have_css("font-weight", "600")
    expect(page.locator("[data-left]")).to_have_text("4 candidates not judged yet.")
    reviewer.leave()


def test_by_keys_alone(reviewer: Officer) -> None:
    """Confidence, features, swipe, blink and the whole frame, each in the record with its candidate."""
    page = reviewer.page
    page.wait_for_load_state("networkidle")
    page.emulate_media(reduced_motion="reduce")
    for key in ("Shift+Digit4", "e", "s", "d", "Escape"):
        page.keyboard.press(key)
    with page.expect_response(re.compile("/save/")):
        page.keyboard.press("1")
    with page.expect_response(re.compile("/view-edits/")):
        for key in ("s", "]", "x", "x", "x", "f"):
            page.keyboard.press(key)
    review = Review.objects.latest("pk")
    one = review.judgements.get(position=1)
    assert (one.blind, one.confidence) == ("possible", 4)
    assert one.features == {"face_shape": "similar", "brow": "different"}
    edits = [(edit["control"], edit["value"]) for edit in review.view_edits]
    swiped = [("overlay", 1), ("swipe", 55)]
    blinked = [("overlay", 2), ("blink", 1), ("blink", 0), ("overlay", 0)]
    assert edits[-7:] == [*swiped, *blinked, ("frame", 1)]
    reviewer.leave_the_bench()


def test_a_long_list_leaves_both_faces_in_view(cast: Cast, browser: Browser, live_server: LiveServer) -> None:
    make_gallery(cast.force, LONG)
    Campaign.objects.filter(pk=cast.campaign.pk).update(list_length=LONG)
    cast.campaign.refresh_from_db()
    decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=2))
    reviewer = at_the_bench(Officer(browser, cast.facial_reviewer, live_server.url))
    page = reviewer.page
    for size in ({"width": 1280, "height": 900}, {"width": 360, "height": 900}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for number in (1, LONG):
            page.locator(f"[data-place='{number}']").focus()
            page.keyboard.press("Enter")
            for lens in (page.locator("[data-probe] .lens"), page.locator(f"[data-pair='{number}'] .lens")):
                expect(lens).to_be_in_viewport(ratio=1)
            # The list scrolls in its own row, the page does not.
            expect(page.locator("[data-place][aria-current]")).to_be_in_viewport(ratio=1)
            assert page.evaluate("window.scrollY") == 0
    reviewer.look()
    reviewer.leave_the_bench()
