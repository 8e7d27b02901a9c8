"""The report in a real browser: saved as it is typed, nothing lost, and by keyboard alone."""

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import Store
from portal.submissions.models import Offender
from tests.cast import Cast, browser_cookie, make_offender

pytestmark = pytest.mark.browser
Open = Callable[[Offender, str], None]


@pytest.fixture
def draft(transactional_db: None, cast: Cast) -> Offender:
    return make_offender(cast.loss_prevention, cast.campaign, declared=False, started_at=None, ended_at=None)


@pytest.fixture
def open_step(page: Page, live_server: LiveServer, cast: Cast) -> Open:
    page.context.add_cookies([browser_cookie(cast.loss_prevention, live_server.url)])  # type: ignore[list-item]

    def go(offender: Offender, step: str) -> None:
        page.goto(live_server.url + reverse("retailer:offender-step", args=[offender.uid, step]))

    return go


def kept_here(page: Page) -> int:
    """How many reports this browser keeps something unsaved of."""
    return int(page.evaluate("Object.keys(localStorage).filter(k => k.includes('unsaved')).length"))


def test_typing_is_saved_and_outlives_a_lost_connection_a_crash_and_a_log_out(
    cast: Cast, draft: Offender, page: Page, open_step: Open, live_server: LiveServer
) -> None:
    open_step(draft, "what-happened")
    page.get_by_label("Goods").fill("gin, 4 bottles")
    saved = page.locator("[data-saved]")
    expect(saved).to_contain_text("Saved")
    page.get_by_label("Value (£)").fill("-1")
    expect(page.get_by_text("The value cannot be less than nothing.")).to_be_visible()
    page.get_by_label("Value (£)").fill("98.50")
    expect(page.get_by_text("The value cannot be less than nothing.")).to_be_hidden()
    draft.refresh_from_db()
    assert (draft.goods, str(draft.value)) == ("gin, 4 bottles", "98.50")
    assert kept_here(page) == 0

    page.context.set_offline(True)
    page.get_by_label("How they operate").fill("It's Dave, fills a bag")
    expect(saved).to_contain_text("no connection")
    page.context.set_offline(False)
    expect(saved).to_contain_text("Saved")
    expect(page.get_by_text("“Dave” may be a name.")).to_be_visible()
    assert kept_here(page) == 0

    page.route("**/save/", lambda route: route.abort())  # as a tab that crashes before it could save
    page.get_by_label("How they operate").fill("fills a bag with razor blades")
    expect(saved).to_contain_text("no connection")
    assert kept_here(page) == 1
    page.unroute("**/save/")
    open_step(draft, "what-happened")
    expect(page.get_by_text("What you typed and was not saved is back: How they operate.")).to_be_visible()
    expect(saved).to_contain_text("Saved")

    Session.objects.all().delete()
    page.get_by_label("Goods").fill("gin and rum")
    expect(saved).to_contain_text("your session has ended")
    page.context.add_cookies([browser_cookie(cast.loss_prevention, live_server.url)])  # type: ignore[list-item]
    open_step(draft, "what-happened")
    expect(page.get_by_label("Goods")).to_have_value("gin and rum")
    expect(saved).to_contain_text("Saved")
    draft.refresh_from_db()
    assert (draft.goods, draft.method) == ("gin and rum", "fills a bag with razor blades")
    assert kept_here(page) == 0


def test_what_a_colleague_changed_meanwhile_is_not_overwritten_unasked(
    draft: Offender, page: Page, open_step: Open
) -> None:
    open_step(draft, "what-happened")
    page.route("**/save/", lambda route: route.abort())
    page.get_by_label("Goods").fill("mine")
    expect(page.locator("[data-saved]")).to_contain_text("no connection")
    Offender.objects.filter(pk=draft.pk).update(goods="a colleague's")
    page.unroute("**/save/")
    open_step(draft, "what-happened")
    expect(page.get_by_label("Goods")).to_have_value("a colleague's")
    page.get_by_role("button", name="Use what I typed").click()
    expect(page.get_by_label("Goods")).to_have_value("mine")
    expect(page.locator("[data-saved]")).to_contain_text("Saved")


def test_what_is_suggested_is_not_saved_by_looking_at_it(
    draft: Offender, page: Page, open_step: Open
) -> None:
    Offender.objects.filter(pk=draft.pk).update(reporter_name="")
    open_step(draft, "evidence")
    expect(page.get_by_label("Reported by")).to_have_value("Lena Prior")
    open_step(draft, "what-happened")
    draft.refresh_from_db()
    assert draft.reporter_name == ""
    open_step(draft, "evidence")
    page.get_by_label("A receipt for the goods is held").check()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    draft.refresh_from_db()
    assert (draft.reporter_name, draft.receipt_held) == ("Lena Prior", True)


def test_loading_a_page_with_problems_again_keeps_what_was_saved_since(
    cast: Cast, draft: Offender, page: Page, open_step: Open
) -> None:
    open_step(draft, "when-and-where")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("link", name="Say when it happened.")).to_be_visible()
    page.get_by_label("Start of the incident").fill("2026-11-01T14:05")
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    page.reload()
    expect(page.get_by_label("Start of the incident")).to_have_value("2026-11-01T14:05")
    draft.refresh_from_db()
    assert draft.started_at is not None


def test_same_as_the_last_one_and_the_clock_by_keyboard(
    cast: Cast, draft: Offender, page: Page, open_step: Open
) -> None:
    make_offender(cast.loss_prevention, cast.campaign, camera="C7", clock_offset_minutes=7)
    open_step(draft, "when-and-where")
    page.get_by_label("Start of the incident").fill("2026-11-01T14:05")
    same = page.get_by_role("button", name="Same as the last one")
    same.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied from your last report:")).to_be_visible()
    expect(page.get_by_label("Start of the incident")).to_have_value("2026-11-01T14:05")
    expect(page.get_by_text("CCTV shows 14:05, is 7 minutes fast: really 13:58.")).to_be_visible()
    page.get_by_label("CCTV clock is fast").fill("-5")
    expect(page.get_by_text("CCTV shows 14:05, is 5 minutes slow: really 14:10.").first).to_be_visible()
    page.get_by_label("CCTV clock is fast").press("Enter")
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    draft.refresh_from_db()
    assert (draft.camera, draft.clock_offset_minutes) == ("C7", -5)


def test_the_clock_begins_as_the_store_and_then_the_camera_has_it(
    cast: Cast, draft: Offender, page: Page, open_step: Open
) -> None:
    Store.objects.filter(pk=cast.second_store.pk).update(clock_offset_minutes=12)
    make_offender(
        cast.retailer_manager, cast.campaign, store=cast.second_store, camera="C7", clock_offset_minutes=-3
    )
    Offender.objects.filter(pk=draft.pk).update(store=None, started_at=None)
    open_step(draft, "when-and-where")
    offset = page.get_by_label("CCTV clock is fast")
    page.get_by_label("Store", exact=True).select_option(str(cast.second_store.pk))
    expect(offset).to_have_value("12")
    page.locator("summary", has_text="Where in the store").click()
    page.get_by_label("Camera").fill("c7")
    page.get_by_label("Camera").blur()
    expect(offset).to_have_value("-3")
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    offset.fill("1")
    page.get_by_label("Store", exact=True).select_option(str(cast.store.pk))
    expect(offset).to_have_value("1")  # typed: it stays
