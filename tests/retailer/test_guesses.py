"""Words that may be a guessed name, asked about while somebody types into a form that is not saved yet."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.audit.models import Entry
from tests.cast import Cast, browser_cookie

ASKED = "“Dave” may be a name. Do not guess who it is; say what was seen."


def test_the_server_says_what_may_be_a_name_and_keeps_nothing(lena: Client) -> None:
    before = Entry.objects.count()
    texts = {
        "method": "Known to staff as Dave",
        "goods": "meat",
        "clothing": "a Levi's jacket",
        "store": "Dave",
        "build": "x" * 10**6,
    }
    answer = lena.post(reverse("retailer:guesses"), texts)
    assert answer.json() == {"method": [ASKED]}
    assert answer["Cache-Control"] == "no-store"
    assert lena.post(reverse("retailer:guesses")).json() == {}
    assert Entry.objects.count() == before


@pytest.mark.browser
def test_a_guess_is_asked_about_while_typing(cast: Cast, page: Page, live_server: LiveServer) -> None:
    page.context.add_cookies([browser_cookie(cast.loss_prevention, live_server.url)])  # type: ignore[list-item]
    page.goto(live_server.url + reverse("retailer:offender-add", args=[cast.campaign.uid]))
    note = page.locator("#guess-build")
    expect(note).to_be_hidden()
    field = page.locator("#id_build")
    page.locator("details.form-part", has=field).evaluate_all(
        "all => all.forEach(one => { one.open = true; })"
    )
    field.press_sequentially("slim, known as Dave")
    expect(note).to_have_text(ASKED)
    expect(note).to_have_attribute("role", "status")
    field.fill("slim")
    expect(note).to_be_hidden()
