"""The steps of the review room's story, each at the page where it is taken, by keyboard."""

import re
from pathlib import Path

from playwright.sync_api import expect

from portal.assurance.tasks import grade_reviews
from portal.cases import tasks
from portal.cases.models import Case, Package
from portal.cases.states import PackageKind, PairVerdict
from portal.police.templatetags.police import short
from portal.questions.models import Question
from portal.questions.states import Kind
from portal.reviews.models import Decision, SearchAgain
from portal.reviews.states import Outcome
from portal.reviews.status import TOLD
from portal.reviews.tasks import search_again
from tests.cast import Cast, picture
from tests.police.officer import Officer

WORDS = "A frame from the till camera, face to the camera."


# --- the queue ------------------------------------------------------------------------------------
def triage(officer: Officer) -> None:
    """Everything without a usable face at once, chosen by the page's key."""
    page = officer.open("police:triage")
    page.keyboard.press("a")
    expect(page.locator("[data-chosen]")).to_have_text("1 of 1 chosen.")
    officer.look()
    officer.choose(f"input[name=outcome][value={Outcome.UNSUITABLE}]", "Space")
    officer.write("textarea[name=rationale]", "No face in the frame.")
    officer.choose("input[name=caveat_acknowledged]", "Space")
    officer.choose("button:has-text('Record for the chosen')")
    expect(page.get_by_text("Recorded for 1 of 1.")).to_be_visible()


def adjudicate(supervisor: Officer, cast: Cast) -> None:
    """Both records side by side, still without the retailer; the supervisor decides."""
    page = supervisor.open("police:queue")
    supervisor.look()
    page.keyboard.press("t")
    page.wait_for_url(re.compile("/adjudicate/"))
    for officer in (cast.facial_reviewer, cast.second_reviewer):
        expect(page.get_by_text(officer.name).first).to_be_visible()
    assert [word for word in supervisor.never if word in page.content()] == []
    supervisor.look()
    supervisor.conclude(Outcome.IDENTIFIED)


def go_back_to_what_is_concluded(officer: Officer) -> None:
    """The browser's back button shows no page of a review that is over; it leads to the queue."""
    officer.page.go_back()
    expect(officer.page.get_by_role("heading", name="Queue", exact=True)).to_be_visible()


# --- a better still, a new custody image ----------------------------------------------------------
def ask_from_the_bench(officer: Officer) -> Question:
    """Seen as the retailer will read it, then sent; back at the faces."""
    page, bench = officer.page, officer.page.url
    officer.choose("a:has-text('Ask the retailer for a better still')")
    officer.choose(f"input[name=kind][value={Kind.BETTER_STILL}]", "Space")
    officer.write("textarea[name=text]", WORDS)
    officer.choose("button:has-text('See it as the retailer will')")
    expect(page.get_by_role("heading", name="This is exactly what the retailer sees")).to_be_focused()
    assert not Question.objects.exists()
    officer.look()
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


# --- series, case, package ------------------------------------------------------------------------
def judge_the_pair(officer: Officer) -> None:
    """Two faces and a form, nothing of the reports."""
    page = officer.open("police:series")
    officer.choose("a:has-text('Judge the next pair')")
    expect(page.get_by_role("heading", name="Is this one person?")).to_be_visible()
    expect(page.get_by_role("img", name="face")).to_have_count(2)
    told = page.content()
    assert [word for word in (*officer.never, "cosine", "left ear") if word in told] == []
    officer.choose(f"input[name=verdict][value={PairVerdict.SAME}]", "Space")
    officer.write("textarea[name=reason]", f"The same left ear, says {officer.user.name}.")
    officer.look()
    officer.choose("button[name=next]")
    expect(page.get_by_text("No pair is waiting for you just now.")).to_be_visible()


def make_package(supervisor: Officer, case: Case) -> Package:
    """Asked for on the case's page; the page tells by itself when the worker has made it."""
    page = supervisor.open("police:cases")
    supervisor.choose(f"a[href*='{case.uid}']")
    expect(page.get_by_role("heading", name=f"Case {case.number}")).to_be_visible()
    supervisor.look()
    supervisor.choose("a:has-text('Make a package')")
    supervisor.choose(f"input[name=kind][value={PackageKind.DISCLOSURE}]", "Space")
    supervisor.write("input[name=purpose]", "For the prosecutor")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Being made:")).to_be_visible()
    package = Package.objects.get()
    tasks.make_package(package_id=package.pk)
    expect(page.get_by_text("Ready until")).to_be_visible()
    supervisor.look()
    return package


def download(supervisor: Officer, path: Path) -> Path:
    """To whom and why first."""
    page = supervisor.page
    supervisor.choose("a.button:has-text('Download')")
    supervisor.write("input[name=recipient]", "Crown Prosecution Service")
    supervisor.write("input[name=reason]", "Charging decision")
    with page.expect_download() as told:
        page.keyboard.press("Enter")
    told.value.save_as(path)
    return path


# --- what is told afterwards ----------------------------------------------------------------------
def tell_the_result(check: Decision, *officers: Officer) -> None:
    """The check was one like all others until now; its officers learn what it was."""
    grade_reviews()
    for officer in officers:
        page = officer.open("police:my-accuracy")
        row = page.get_by_role("row").filter(has_text=short(check.offender.uid))
        expect(row).to_contain_text("in the list")
        expect(page.get_by_text("0 of 1").first).to_be_visible()
    officers[0].look()


def read_as_told(retailer: Officer, told: dict[Outcome, int]) -> None:
    """How many of one's own reports came to which outcome."""
    page = retailer.open("retailer:dashboard")
    for outcome, times in told.items():
        expect(page.locator("#offender-list").get_by_text(TOLD[outcome][0], exact=True)).to_have_count(times)
