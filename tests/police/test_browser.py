"""Officers at work in a real browser, by keyboard; the retailer sees what became of it."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews.models import Decision, Review
from portal.reviews.states import DecisionState, Outcome, Stage
from tests.browsing import Browser, Page
from tests.cast import Cast, browser_cookie, decision_on, make_gallery, review_as, searched_offender

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def decision(cast: Cast) -> Decision:
    make_gallery(cast.force, 4)
    return decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=2))


def page_of(browser: Browser, user: User, server: str) -> Page:
    """A page in a window of this person's own; any script error fails the test."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    context.add_cookies([browser_cookie(user, server)])  # type: ignore[list-item]
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    return page


def compare_by_keys(page: Page, server: str, subject: object) -> Review:
    """Take the next one with `t`; judge everybody by keys, this subject a possible match; save."""
    page.goto(f"{server}{reverse('police:queue')}")
    page.keyboard.press("t")
    page.wait_for_url(re.compile("/compare/"))
    review = Review.objects.latest("pk")
    for one in review.judgements.order_by("position"):
        expect(page.locator(f"[data-pair='{one.position}']")).to_be_visible()
        if one.subject_uid == subject:
            page.keyboard.press("1")
            page.keyboard.press("j")
        else:
            page.keyboard.press("2")
    expect(page.locator("[data-left]")).to_have_text("All candidates are judged.")
    page.locator("[data-finish]").click()
    page.wait_for_url(re.compile("/reveal/"))
    return review


def close(page: Page) -> None:
    """Leave the bench once it has reported every change of the view: nothing is on its way any more."""
    with page.expect_response(re.compile("/view-edits/")):
        page.keyboard.press("g")
    page.context.close()


def conclude(page: Page, outcome: str) -> None:
    page.locator(f"input[name=outcome][value={outcome}]").check()
    if outcome == Outcome.IDENTIFIED:
        page.locator("input[name=candidate]").first.check()
    page.locator("textarea[name=rationale]").fill("Ears and brow agree.")
    page.locator("input[name=caveat_acknowledged]").check()
    page.get_by_role("button", name="Record and go to the queue").click()
    expect(page.get_by_text("Your review is recorded.")).to_be_visible()


def test_two_officers_and_the_retailers_status(
    cast: Cast, decision: Decision, browser: Browser, live_server: object
) -> None:
    server = str(live_server.url)  # type: ignore[attr-defined]
    subject = decision.offender.stills.get().searches.get().candidates.get(rank=1).subject_uid
    for officer in (cast.facial_reviewer, cast.second_reviewer):
        page = page_of(browser, officer, server)
        compare_by_keys(page, server, subject)
        conclude(page, Outcome.IDENTIFIED)
        page.context.close()
    decision.refresh_from_db()
    assert (decision.state, decision.subject_uid) == (DecisionState.DECIDED, subject)
    retailer = page_of(browser, cast.loss_prevention, server)
    retailer.goto(f"{server}{reverse('retailer:dashboard')}")
    expect(retailer.locator("#offender-list").get_by_text("Identified (as intelligence)")).to_be_visible()
    retailer.context.close()


def test_who_disagree_meet_at_the_supervisor(
    cast: Cast, decision: Decision, browser: Browser, live_server: object
) -> None:
    server = str(live_server.url)  # type: ignore[attr-defined]
    review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    second = page_of(browser, cast.second_reviewer, server)
    compare_by_keys(second, server, None)
    conclude(second, Outcome.NO_MATCH)
    supervisor = page_of(browser, cast.supervisor, server)
    supervisor.goto(f"{server}{reverse('police:queue')}")
    supervisor.keyboard.press("t")
    supervisor.wait_for_url(re.compile("/adjudicate/"))
    expect(supervisor.get_by_text(cast.facial_reviewer.name).first).to_be_visible()
    expect(supervisor.get_by_text(cast.second_reviewer.name).first).to_be_visible()
    conclude(supervisor, Outcome.IDENTIFIED)
    decision.refresh_from_db()
    assert (decision.outcome, decision.adjudicator) == (Outcome.IDENTIFIED, cast.supervisor)


def test_time_and_view_are_recorded(
    cast: Cast, decision: Decision, browser: Browser, live_server: object
) -> None:
    server = str(live_server.url)  # type: ignore[attr-defined]
    page = page_of(browser, cast.facial_reviewer, server)
    page.goto(f"{server}{reverse('police:queue')}")
    page.keyboard.press("t")
    page.wait_for_url(re.compile("/compare/"))
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
    close(page)


def test_each_face_is_fetched_and_logged_once(
    cast: Cast, decision: Decision, browser: Browser, live_server: object
) -> None:
    server = str(live_server.url)  # type: ignore[attr-defined]
    page = page_of(browser, cast.facial_reviewer, server)
    page.goto(f"{server}{reverse('police:queue')}")
    page.keyboard.press("t")
    page.wait_for_url(re.compile("/compare/"))
    for _ in range(6):
        page.keyboard.press("j")
    page.wait_for_load_state("networkidle")
    seen = Entry.objects.filter(tag=Tag.CUSTODY_IMAGE_VIEWED)
    assert seen.count() == len(set(seen.values_list("subject_id", flat=True))) == 4
    close(page)


def test_the_next_pair_is_there_before_its_key(
    cast: Cast, decision: Decision, browser: Browser, live_server: object
) -> None:
    """Counted, not timed: every picture is loaded when its pair is wanted. The times are printed."""
    server = str(live_server.url)  # type: ignore[attr-defined]
    page = page_of(browser, cast.facial_reviewer, server)
    page.goto(f"{server}{reverse('police:queue')}")
    page.keyboard.press("t")
    page.wait_for_url(re.compile("/compare/"))
    page.wait_for_load_state("networkidle")
    review = Review.objects.latest("pk")
    for _ in range(review.judgements.count() - 1):
        page.keyboard.press("2")
    expect(page.locator("[data-left]")).to_have_text("1 candidate not judged yet.")
    measured = page.evaluate(
        "performance.getEntriesByName('bench:pair').slice(1).map((one) => [one.detail.loaded, one.duration])"
    )
    print("milliseconds from the key to the pair on the screen:", [round(ms) for _, ms in measured])
    assert [loaded for loaded, _ in measured] == [True] * 3
    close(page)


def test_by_keys_alone(cast: Cast, decision: Decision, browser: Browser, live_server: object) -> None:
    """Confidence, features, swipe, blink and the whole frame, each in the record with its candidate."""
    server = str(live_server.url)  # type: ignore[attr-defined]
    page = page_of(browser, cast.facial_reviewer, server)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{server}{reverse('police:queue')}")
    page.keyboard.press("t")
    page.wait_for_url(re.compile("/compare/"))
    page.wait_for_load_state("networkidle")
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
    close(page)
