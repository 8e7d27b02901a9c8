"""A new loss-prevention user, from the invitation to the outcomes, in a real browser with a real worker."""

import re
from pathlib import Path

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.accounts.roles import Role
from portal.reviews.queries import open_decisions
from portal.reviews.states import Outcome
from portal.submissions.models import Offender, Still
from tests.cast import Cast, client_of, decide, make_gallery
from tests.journey.folder import (
    COPIES,
    CROWDED,
    FACELESS,
    NO_IMAGE,
    OFFENDERS,
    SECOND_STILLS,
    Folder,
    fill_table,
    make_folder,
)
from tests.journey.hand import Hand
from tests.working import WorkerProcess

pytestmark = pytest.mark.browser
A_WHILE = 180_000  # milliseconds: forty stills, and the first of a worker loads the engine
ASKED = "li => [...li.querySelectorAll('input[name=offender]')].map(i => i.value).join()"
GONE = """asked => ![...document.querySelectorAll('.groupings > li')].some(li =>
  [...li.querySelectorAll('input[name=offender]')].map(i => i.value).join() === asked)"""
PASSWORD = "a-long-walk-in-the-rain"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """What lies on the desk."""
    where = tmp_path / "stills"
    where.mkdir()
    return make_folder(where)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def accept_invitation(hand: Hand, cast: Cast, server: str) -> None:
    given = {
        "name": "Nia New",
        "email": "nia@example.org",
        "organisation": cast.retailer.pk,
        "role": Role.LOSS_PREVENTION,
    }
    client_of(cast.retailer_manager).post(reverse("accounts:invitation-new"), given)
    found = re.search(r"https?://[^/]+(/\S+)", str(mail.outbox[-1].body))
    assert found
    hand.page.goto(server + found[1])
    for label in hand.page.get_by_label(re.compile("assword")).all():
        hand.type(label, PASSWORD)
    hand.click(button(hand.page, "Open the account"))


def drop_everything(hand: Hand, folder: Folder) -> None:
    page = hand.page
    hand.give(page.locator("input[type=file][name=stills]"), folder.files)
    over = page.locator(".upload-list li[data-over]")
    expect(over).to_have_count(len(folder.files), timeout=A_WHILE)
    expect(page.locator(".upload-list li", has_text=NO_IMAGE)).to_contain_text("PDF document")
    for copy in COPIES:
        said = page.locator(".upload-list li", has_text=re.compile("Here already"))
        expect(
            said.filter(has_text=re.compile(copy.removeprefix("copy of ") + "|" + copy)).first
        ).to_be_visible()
    expect(page.get_by_text("Looking for the face …")).to_have_count(0, timeout=A_WHILE)


def say_who_is_who(hand: Hand) -> None:
    """File names that begin alike are one offender; faces that merely look alike are not."""
    groupings = hand.page.locator(".groupings > li")
    while groupings.count():  # some at a time are shown
        first = groupings.first
        alike = "begin alike" in first.inner_text()
        answer = "Yes, one person" if alike else "No, different people"
        asked = first.evaluate(ASKED)
        hand.click(first.get_by_role("button", name=answer))
        hand.page.wait_for_function(GONE, arg=asked)


def mend_the_faceless(hand: Hand, name: str) -> None:
    """Draw a box with the keyboard where no face was found, and have it tried there."""
    page = hand.page
    card = page.locator("li[data-card]", has_text=name)
    hand.click(card.get_by_role("link", name=re.compile("Draw a box")))
    hand.click(button(page, "Look for the face in this box"))
    page.wait_for_url(re.compile("/(offenders|stills|campaigns)/"))


def choose_the_face(hand: Hand, server: str, name: str) -> None:
    still = Still.objects.get(name=name)
    hand.page.goto(server + reverse("retailer:still-face", args=[still.uid]))
    faces = hand.page.get_by_role("button", name=re.compile(r"Choose face \d"))
    assert faces.count() >= 1
    hand.press(faces.first, "Enter")


def fill_in_the_table(hand: Hand, folder: Folder) -> None:
    page = hand.page
    hand.click(page.get_by_role("link", name=re.compile("table")).first)
    with page.expect_download() as download:
        hand.click(page.get_by_role("link", name="Template as CSV"))
    template = folder.files[0].parent.parent / "template.csv"
    download.value.save_as(template)
    table = fill_table(template, folder, "High Street")
    hand.give(page.get_by_label(re.compile("[Tt]able")).first, table)
    hand.click(button(page, "Send and check"))
    expect(
        page.get_by_role("heading", name=re.compile(f"{OFFENDERS} of {OFFENDERS} rows taken"))
    ).to_be_visible()


def send_all(hand: Hand) -> None:
    page = hand.page
    hand.click(page.get_by_role("link", name="Check and send"))
    expect(page.get_by_text(f"Ready: {OFFENDERS}")).to_be_visible()
    hand.click(page.get_by_label(re.compile("I declare")))
    hand.click(button(page, "Send to the police"))


def test_thirty_offenders_from_a_folder(
    cast: Cast, page: Page, live_server: LiveServer, worker: WorkerProcess, folder: Folder
) -> None:
    make_gallery(cast.force, 3)
    hand = Hand(page)
    accept_invitation(hand, cast, live_server.url)
    hand.click(page.get_by_role("link", name="Choose a campaign"))
    hand.click(page.get_by_role("link", name=cast.campaign.name).first)
    drop_everything(hand, folder)
    assert Still.objects.count() == OFFENDERS + SECOND_STILLS
    say_who_is_who(hand)
    expect(page.get_by_role("heading", name=f"Not placed yet: {OFFENDERS}")).to_be_visible()
    hand.click(button(page, "Place all, by file name"))
    expect(page.get_by_role("heading", name="30 of 30 places taken")).to_be_visible()
    board = page.url
    mend_the_faceless(hand, f"offender{FACELESS:02}_a.jpg")
    for number in CROWDED:
        choose_the_face(hand, live_server.url, f"offender{number:02}_a.jpg")
    page.goto(board)
    fill_in_the_table(hand, folder)
    send_all(hand)
    assert Offender.objects.filter(declared_at__isnull=False).count() == OFFENDERS
    print(f"\n30 offenders, 40 stills, from the invitation to sent: {hand}")

    page.goto(live_server.url + reverse("retailer:dashboard"))
    searched = page.locator(".numbers li", has_text="searched").first
    expect(searched).to_contain_text(re.compile(r"\b(29|30)\b"), timeout=A_WHILE)
    open_decisions()
    first, second = Offender.objects.filter(rank__in=(1, 2)).order_by("rank")
    decide(first, Outcome.INCONCLUSIVE, cast)
    decide(second, Outcome.NO_MATCH, cast)
    outcome = page.get_by_role("row", name=re.compile("Offender 1 "))
    expect(outcome).to_contain_text("Inconclusive", timeout=A_WHILE)
    expect(page.get_by_role("row", name=re.compile("Offender 2 "))).to_contain_text("No match in the gallery")
