"""The retailer's pages in a real browser, with a real worker where something is to be found."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.submissions.models import Still
from tests.cast import (
    Cast,
    browser_cookie,
    face_picture,
    found_face,
    make_gallery,
    make_offender,
    make_still,
    search_still,
)
from tests.working import WorkerProcess

pytestmark = pytest.mark.browser
Open = Callable[..., None]
A_WHILE = 60_000  # milliseconds: the first still of a worker loads the engine


@pytest.fixture
def open_page(page: Page, live_server: LiveServer, cast: Cast) -> Open:
    """Open a route as the loss-prevention user; whatever the browser complains about fails the test."""
    page.context.add_cookies([browser_cookie(cast.loss_prevention, live_server.url)])  # type: ignore[list-item]

    def go(name: str, *args: object) -> None:
        page.goto(live_server.url + reverse(f"retailer:{name}", args=args))

    return go


@pytest.fixture(autouse=True)
def no_complaints(page: Page) -> object:
    """No script error and nothing refused by the content security policy."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield
    assert complaints == []


def test_an_offender_is_added_and_followed_without_reloading(
    cast: Cast, page: Page, open_page: Open, worker: WorkerProcess
) -> None:
    make_gallery(cast.force, 3)
    open_page("offender-add", cast.campaign.uid)
    content = face_picture(7, face_px=110)
    page.get_by_label("Choose the stills").set_input_files(
        {"name": "till.jpg", "mimeType": "image/jpeg", "buffer": content}
    )
    expect(page.get_by_text("till.jpg, ")).to_be_visible()
    page.get_by_label("Store", exact=True).select_option("High Street")
    page.get_by_label("Offence").select_option("theft")
    page.get_by_label("Start of the incident").fill("2026-11-01T10:00")
    page.get_by_label("I declare that this report is accurate").check()
    page.get_by_role("button", name="Send to the police").click()
    expect(page.get_by_role("heading", name="Offender 1")).to_be_visible()
    page.evaluate("document.body.dataset.sameDocument = 'yes'")
    expect(page.locator("#live .timeline strong", has_text="Checked")).to_be_visible(timeout=A_WHILE)
    expect(page.locator("#live .timeline strong", has_text="Searched")).to_be_visible(timeout=A_WHILE)
    expect(page.locator("#live")).to_contain_text(re.compile(r"Face is \d+ pixels wide"))
    expect(page.locator("#announcement")).to_contain_text("Offender 1: Searched.")
    assert page.evaluate("document.body.dataset.sameDocument") == "yes"


@pytest.fixture
def still(cast: Cast) -> Still:
    with transaction.atomic():  # a worker of another test may be up: it must find nothing to do
        made = make_still(make_offender(cast.loss_prevention, cast.campaign))
        search_still(made, [found_face(20, 20, 60, 80), found_face(200, 40, 60, 80)])
    return made


def marked() -> dict[str, object]:
    """What the person marked, as the log has it: a worker may have moved on since."""
    return Entry.objects.get(tag=Tag.FACE_CHOSEN).details


def test_the_dashboard_follows_by_itself_and_leaves_the_filters_alone(
    cast: Cast, page: Page, open_page: Open
) -> None:
    make_offender(cast.loss_prevention, cast.campaign)
    open_page("dashboard")
    reported = page.locator("#figures .numbers li").first
    expect(reported).to_contain_text("1")
    page.get_by_label("Store").select_option("Station")
    make_offender(cast.team_mate, cast.campaign)
    expect(reported).to_contain_text("2 offenders added", timeout=A_WHILE)
    expect(page.get_by_role("link", name="Offender 2")).to_be_visible()
    expect(page.get_by_label("Store")).to_have_value(str(cast.second_store.uid))


def test_another_face_is_chosen_by_clicking_on_it(page: Page, open_page: Open, still: Still) -> None:
    open_page("still-face", still.uid)
    second = still.faces.get(position=1)
    page.locator(f'rect[data-face="{second.uid}"]').click()
    expect(page.get_by_text("The face you marked is being looked at.")).to_be_visible()
    assert marked() == {"face": str(second.uid)}


def test_another_face_is_chosen_with_the_keyboard(page: Page, open_page: Open, still: Still) -> None:
    open_page("still-face", still.uid)
    button = page.get_by_role("button", name="Choose face 2")
    button.focus()
    expect(page.locator("rect.lit")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The face you marked is being looked at.")).to_be_visible()


def test_a_box_is_drawn_with_the_mouse(page: Page, open_page: Open, still: Still) -> None:
    open_page("still-face", still.uid)
    picture = page.locator("[data-marker] img").bounding_box()
    assert picture is not None
    scale = picture["width"] / still.width
    corners = [(picture["x"] + x * scale, picture["y"] + y * scale) for x, y in ((100, 60), (180, 160))]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=5)
    page.mouse.up()
    expect(page.locator("rect.drawn")).to_be_visible()
    page.get_by_role("button", name="Look for the face in this box").click()
    expect(page.get_by_text("The face you marked is being looked at.")).to_be_visible()
    assert marked()["region"] == pytest.approx({"x": 100, "y": 60, "w": 80, "h": 100}, abs=2)


def test_a_box_is_drawn_with_the_keyboard(page: Page, open_page: Open, still: Still) -> None:
    open_page("still-face", still.uid)
    page.get_by_role("application").focus()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.locator("rect.drawn")).to_be_visible()
    expect(page.locator("[data-box-said]")).to_contain_text("pixels")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The face you marked is being looked at.")).to_be_visible()
    side, step = 60, 5  # a quarter of the shorter side, a sixtieth of the longer one
    box = {
        "x": (still.width - side) / 2 - step,
        "y": (still.height - side) / 2,
        "w": side + step,
        "h": side + step,
    }
    assert marked()["region"] == pytest.approx(box, abs=2)


def test_files_are_dropped_on_the_form(cast: Cast, page: Page, open_page: Open) -> None:
    open_page("offender-add", cast.campaign.uid)
    page.evaluate(
        """() => {
          const kept = new DataTransfer();
          kept.items.add(new File([new Uint8Array(10)], "dropped.jpg", {type: "text/plain"}));
          const zone = document.querySelector("[data-dropzone]");
          zone.dispatchEvent(new DragEvent("drop", {dataTransfer: kept, bubbles: true, cancelable: true}));
        }"""
    )
    expect(page.get_by_text("dropped.jpg, 0.0 MB")).to_be_visible()
    assert page.evaluate("document.querySelector('input[type=file]').files.length") == 1


@pytest.mark.parametrize("theme", [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
def test_every_page_is_accessible_and_fits(
    cast: Cast, page: Page, open_page: Open, still: Still, theme: tuple[int, str]
) -> None:
    page.set_viewport_size({"width": theme[0], "height": 800})
    page.emulate_media(color_scheme="dark" if theme[1] == "dark" else "light")
    draft = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    offender = still.offender
    for name, *args in (
        ("dashboard",),
        ("campaigns",),
        ("submission", cast.campaign.uid),
        ("offender-add", cast.campaign.uid),
        ("offender", offender.uid),
        ("offender-step", offender.uid, "when-and-where"),
        ("offender-step", draft.uid, "what-happened"),
        ("offender-step", draft.uid, "who-was-seen"),
        ("submission-declare", cast.campaign.uid),
        ("offender-declare", draft.uid),
        ("offender-discard", draft.uid),
        ("still-add", draft.uid),
        ("still-face", still.uid),
        ("receipt", cast.campaign.uid),
    ):
        open_page(name, *args)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(too_wide) <= 0, name
