"""The board in a real browser: many files dropped at once, a lost connection, keyboard and pointer."""

import base64
import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.submissions.actions import Upload, add_draft
from portal.submissions.models import Offender, Still
from tests.cast import Cast, browser_cookie, face_picture, found_face, picture, search_still, submission_of

pytestmark = pytest.mark.browser
FILES = 12
DROP = """files => {
  const kept = new DataTransfer();
  files.forEach(([name, content]) => {
    const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
    kept.items.add(new File([bytes], name, {type: "image/jpeg", lastModified: 1}));
  });
  const zone = document.querySelector("[data-dropzone]");
  zone.dispatchEvent(new DragEvent("drop", {dataTransfer: kept, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def board(cast: Cast, live_server: LiveServer, page: Page) -> Page:
    """The board, open in the loss-prevention user's browser."""
    page.context.add_cookies([browser_cookie(cast.loss_prevention, live_server.url)])  # type: ignore[list-item]
    page.goto(live_server.url + reverse("retailer:submission", args=[cast.campaign.uid]))
    return page


def drop(page: Page, contents: dict[str, bytes]) -> None:
    page.evaluate(DROP, [[name, base64.b64encode(content).decode()] for name, content in contents.items()])


def drafts(cast: Cast, count: int) -> list[Offender]:
    made = []
    submission = submission_of(cast.loss_prevention, cast.campaign)
    with transaction.atomic():  # a worker of another test may be up: it must find nothing to do
        for number in range(1, count + 1):
            upload = Upload(picture(number), f"o{number}.jpg")
            still, _ = add_draft(submission, upload, by=cast.loss_prevention)
            search_still(still, person=number)
            made.append(still.offender)
    return made


def ranks(offenders: list[Offender]) -> list[int | None]:
    stored = dict(Offender.objects.values_list("pk", "rank"))
    return [stored[one.pk] for one in offenders]


def test_twelve_files_survive_a_lost_connection_and_nothing_comes_twice(cast: Cast, board: Page) -> None:
    contents = {f"cam{n:02}.jpg": picture(n, width=960, height=720) for n in range(1, FILES)}
    contents["invoice.jpg"] = b"%PDF-1.4 no picture"
    over, names = board.locator(".upload-list li[data-over]"), board.locator(".upload-list .name")
    drop(board, contents)
    expect(names).to_have_count(FILES)
    expect(over.first).to_be_visible()
    board.context.set_offline(True)
    expect(board.get_by_text("The connection is lost.")).to_be_visible()
    board.context.set_offline(False)
    expect(over).to_have_count(FILES, timeout=60_000)
    expect(board.get_by_text("Not taken. This is a PDF document.")).to_be_visible()
    expect(board.get_by_role("heading", name=f"Not placed yet: {FILES - 1}")).to_be_visible()
    assert (Still.objects.count(), Offender.objects.count()) == (FILES - 1, FILES - 1)
    board.reload()
    drop(board, dict(list(contents.items())[:2]))  # the same files again
    expect(board.locator(".upload-list .state", has_text="Here already.")).to_have_count(2)
    expect(board.get_by_role("heading", name=f"Not placed yet: {FILES - 1}")).to_be_visible()
    assert Still.objects.count() == FILES - 1


def test_what_was_found_is_said_beside_the_file_without_reloading(cast: Cast, board: Page) -> None:
    drop(board, {"till.jpg": face_picture(7)})
    expect(board.get_by_text("Looking for the face …")).to_be_visible()
    search_still(Still.objects.get(), [found_face(face_width=30.0)])
    expect(board.locator(".upload-list")).to_contain_text("Face is 30 pixels wide, very small.")
    expect(board.locator(".tray .coach")).to_contain_text("A frame from a nearer camera")
    board.locator(".tray button", has_text="Send it anyway").click()
    expect(board.locator(".tray")).to_contain_text("To be sent anyway")


def test_places_are_given_with_the_keyboard_and_stay(cast: Cast, board: Page) -> None:
    first, second, third = made = drafts(cast, 3)
    board.reload()
    board.get_by_role("button", name="Place all, by file name").press("Enter")
    expect(board.locator("#announcement")).to_have_text("3 offenders were placed by file name.")
    assert ranks(made) == [1, 2, 3]
    up = board.locator(f"#up-{third.uid}")
    up.focus()
    board.keyboard.press("Enter")
    expect(board.locator("#announcement")).to_have_text("It is in place 2 now.")
    expect(up).to_be_focused()
    assert ranks([third, second]) == [2, 3]
    number = board.locator(f"#to-{first.uid}")
    number.fill("9")
    number.press("Enter")
    expect(board.locator(f"li[data-rank='9'][data-card='{first.uid}']")).to_be_visible()
    board.reload()
    expect(board.get_by_role("heading", name="3 of 30 places taken")).to_be_visible()
    assert ranks(made) == [9, 3, 2]


def test_after_an_answer_the_keyboard_is_at_the_next_suggestion(cast: Cast, board: Page) -> None:
    for one, name in zip(drafts(cast, 4), ("till01_a", "till01_b", "till02_a", "till02_b"), strict=True):
        one.stills.update(name=f"{name}.jpg")
    board.reload()
    expect(board.locator(".groupings > li")).to_have_count(2)
    board.get_by_role("button", name="Yes, one person").first.press("Enter")
    expect(board.locator(".groupings > li")).to_have_count(1)
    expect(board.locator(".groupings button").first).to_be_focused()
    board.keyboard.press("Enter")
    expect(board.locator(".groupings > li")).to_have_count(0)
    expect(board.locator("#places-title")).to_be_focused()


def drag(page: Page, what: Locator, to: Locator) -> None:
    what.scroll_into_view_if_needed()
    start, end = what.bounding_box(), to.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + 30, end["y"] + 20, steps=8)
    page.mouse.up()


def test_a_card_is_dragged_to_a_place(cast: Cast, board: Page) -> None:
    [one] = drafts(cast, 1)
    board.set_viewport_size({"width": 1280, "height": 2400})
    board.reload()
    drag(board, board.locator("[data-grip]").first, board.locator("li[data-rank='4']"))
    expect(board.locator("#announcement")).to_have_text("It is in place 4 now.")
    assert ranks([one]) == [4]


@pytest.mark.parametrize("theme", [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")])
def test_a_busy_board_is_accessible_and_fits(cast: Cast, board: Page, theme: tuple[int, str]) -> None:
    made = drafts(cast, 5)
    for still, person, width in zip(
        Still.objects.order_by("pk"), (1, 1, 3, 4, 5), (90, 120, 30, 60, 200), strict=True
    ):
        Still.objects.filter(pk=still.pk).update(work_state="queued")
        search_still(still, [found_face(face_width=float(width))], person=person)
    submission = made[0].submission
    add_draft(
        submission,
        Upload(picture(99), "a file with a very long name indeed 2026-11-03.jpg"),
        by=made[0].created_by,
    )
    board.set_viewport_size({"width": theme[0], "height": 900})
    board.emulate_media(color_scheme="dark" if theme[1] == "dark" else "light")
    board.reload()
    board.locator(f"#to-{made[2].uid}").fill("2")
    board.locator(f"#place-{made[2].uid}").click()
    expect(board.get_by_role("heading", name="1 of 30 places taken")).to_be_visible()
    drop(board, {"not a picture.jpg": b"GIF89a", "till camera 4.jpg": picture(1)})
    expect(board.locator(".upload-list li[data-over]")).to_have_count(2)
    if directory := os.environ.get("STILLMATCH_SCREENSHOTS"):
        board.screenshot(path=Path(directory) / f"board-{theme[0]}-{theme[1]}.png", full_page=True)
    found = Axe().run(board)
    assert found.violations_count == 0, found.generate_report()
    too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert board.evaluate(too_wide) <= 0
