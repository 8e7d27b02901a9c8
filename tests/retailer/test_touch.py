"""With a finger on a small screen: a box is drawn, a card is dragged, and nothing is too small to be hit."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import FloatRect, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.questions.states import Kind
from portal.submissions.actions import Upload, add_draft, refuse
from portal.submissions.models import Offender, Still
from tests.browsing import Browser
from tests.cast import (
    Cast,
    browser_cookie,
    found_face,
    make_offender,
    make_still,
    picture,
    search_still,
    searched_offender,
    submission_of,
)
from tests.questions.asking import make_question

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
TARGET_SIZE = {"runOnly": {"type": "rule", "values": ["target-size"]}}  # WCAG 2.2, 2.5.8: 24 pixels


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A telephone's browser: 360 pixels wide, and no mouse."""
    context = browser.new_context(
        locale="en-GB",
        timezone_id="Europe/London",
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def open_page(phone: Page, live_server: LiveServer, cast: Cast) -> Open:
    phone.context.add_cookies([browser_cookie(cast.loss_prevention, live_server.url)])  # type: ignore[list-item]

    def go(name: str, *args: object) -> Page:
        phone.goto(live_server.url + reverse(f"retailer:{name}", args=args))
        return phone

    return go


@pytest.fixture
def still(cast: Cast) -> Still:
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    with transaction.atomic():  # a worker of another test must find nothing to do
        still = make_still(offender, picture(5, width=320, height=240))
        search_still(still, [found_face(x=20.0), found_face(x=200.0)])
    return still


def swipe(page: Page, *points: tuple[float, float]) -> None:
    """A finger goes down at the first point, over the others, and up: real touches, not scripted events."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *at: tuple[float, float]) -> None:
        spots = [{"x": x, "y": y} for x, y in at]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    touch("touchStart", points[0])
    for (x, y), (to_x, to_y) in pairwise(points):
        for part in (0.25, 0.5, 0.75, 1.0):
            touch("touchMove", (x + (to_x - x) * part, y + (to_y - y) * part))
    touch("touchEnd")


def box_of(what: Locator) -> FloatRect:
    box = what.bounding_box()
    assert box is not None
    return box


def test_a_box_is_drawn_with_a_finger(open_page: Open, still: Still) -> None:
    page = open_page("still-face", still.uid)
    image = page.locator("[data-marker] img")
    image.scroll_into_view_if_needed()
    frame = box_of(image)
    scale = frame["width"] / still.width
    swipe(page, *((frame["x"] + x * scale, frame["y"] + y * scale) for x, y in ((100, 60), (180, 160))))
    expect(page.locator("rect.drawn")).to_be_visible()
    # Not tapped: for a moment after a swipe the browser takes a tap for the end of it.
    page.get_by_role("button", name="Look for the face in this box").click()
    expect(page.get_by_text("The face you marked is being looked at.")).to_be_visible()
    still.refresh_from_db()
    assert still.region == pytest.approx({"x": 100, "y": 60, "w": 80, "h": 100}, abs=3)


def test_another_face_is_chosen_with_a_tap(open_page: Open, still: Still) -> None:
    page = open_page("still-face", still.uid)
    page.locator(f'rect[data-face="{still.faces.get(position=1).uid}"]').tap()
    expect(page.get_by_text("The face you marked is being looked at.")).to_be_visible()


def drafts(cast: Cast, count: int) -> list[Offender]:
    submission = submission_of(cast.loss_prevention, cast.campaign)
    with transaction.atomic():
        stills = [
            add_draft(submission, Upload(picture(number), f"o{number}.jpg"), by=cast.loss_prevention)[0]
            for number in range(1, count + 1)
        ]
        for number, still in enumerate(stills):
            search_still(still, [found_face(face_width=30.0 + 60 * number)], person=number)
    return [one.offender for one in stills]


def test_a_card_is_dragged_to_a_place_with_a_finger(cast: Cast, open_page: Open) -> None:
    [one] = drafts(cast, 1)
    page = open_page("submission", cast.campaign.uid)
    page.locator("li[data-rank='1']").scroll_into_view_if_needed()
    grip, place = box_of(page.locator("[data-grip]").first), box_of(page.locator("li[data-rank='1']"))
    swipe(page, (grip["x"] + 8, grip["y"] + 8), (place["x"] + 60, place["y"] + 12))
    expect(page.locator("#announcement")).to_have_text("It is in place 1 now.")
    one.refresh_from_db()
    assert one.rank == 1


def test_nothing_is_too_small_for_a_finger(cast: Cast, open_page: Open, still: Still) -> None:
    ours = submission_of(cast.loss_prevention, cast.campaign)
    drafts(cast, 3)
    for name in ("a.pdf", "b.pdf"):
        refuse(ours, Upload(b"%PDF", name), "document", "This is a PDF document.", by=cast.loss_prevention)
    draft = still.offender
    question = make_question(
        searched_offender(cast.loss_prevention, cast.campaign), cast.facial_reviewer, Kind.RECEIPT
    )
    pages = (
        ("submission", cast.campaign.uid),
        ("still-face", still.uid),
        ("offender-step", draft.uid, "when-and-where"),
        ("offender-step", draft.uid, "evidence"),
        ("offender", draft.uid),
        ("offender-add", cast.campaign.uid),
        ("offender-declare", draft.uid),
        ("question", question.uid),
    )
    for name, *args in pages:
        found = Axe().run(open_page(name, *args), options=TARGET_SIZE)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        assert [rule["id"] for rule in found.response["passes"]] == ["target-size"]
