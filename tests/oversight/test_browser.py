"""The operations page in a real browser. How every page looks there is tested in tests/browser."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal import work
from portal.accounts.models import User
from portal.embedded.redis_server import EmbeddedRedis
from portal.submissions.models import Still
from tests.cast import Cast, browser_cookie, make_offender, make_still

pytestmark = pytest.mark.browser
Open = Callable[..., None]


@pytest.fixture
def open_page(page: Page, live_server: LiveServer, redis_server: EmbeddedRedis) -> Iterator[Open]:
    """Open a route as somebody; whatever the browser complains about fails the test."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    cache.clear()

    def go(user: User, name: str, *args: object) -> None:
        page.context.clear_cookies()
        page.context.add_cookies([browser_cookie(user, live_server.url)])  # type: ignore[list-item]
        page.goto(live_server.url + reverse(name, args=args))

    yield go
    assert complaints == []


def test_the_numbers_change_without_reloading(cast: Cast, page: Page, open_page: Open) -> None:
    open_page(cast.administrator, "oversight:operations")
    waiting = page.locator("#live tbody tr").first.locator("td").first
    expect(waiting).to_have_text("0")
    page.evaluate("document.body.dataset.sameDocument = 'yes'")
    work.quarantine(Still, make_still(make_offender(cast.loss_prevention, cast.campaign)).pk, "a reason")
    aside = page.locator("#live tbody tr").first.locator("td").nth(4)
    expect(aside).to_have_text("1", timeout=30_000)
    assert page.evaluate("document.body.dataset.sameDocument") == "yes"
    page.reload()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("It is on its way again.")).to_be_visible()
