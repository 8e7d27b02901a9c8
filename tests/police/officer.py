"""An officer at the review room's pages in a real browser, by keyboard wherever a page offers it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.accounts.models import User
from portal.reviews.models import Review
from portal.reviews.states import Outcome
from tests.browsing import Browser, Page, faults_of
from tests.cast import Cast, browser_cookie

UID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
CUSTODY = ("Person Number", "NM/00", "cosine similarity")  # what tests/cast.py writes into custody
NOTHING_LEFT = "Nothing is waiting for you just now."


@dataclass(frozen=True)
class Plan:
    """What an officer makes of one offender: whom they find possible, and what they conclude."""

    outcome: Outcome
    subject: UUID | None = None


def retailers_words(cast: Cast) -> tuple[str, ...]:
    """What would tell an officer whose report it is."""
    organisations = (cast.retailer, cast.other_retailer)
    stores = (cast.store, cast.second_store, cast.other_store)
    return (*(one.name for one in organisations), *(one.name for one in stores), "Other retailers")


class Officer:
    """A window of one person's own. A script error, or a word of `never` while reviewing, fails the test."""

    def __init__(self, browser: Browser, user: User, server: str, never: Sequence[str] = ()) -> None:
        self.user, self.server, self.never = user, server, never
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        context.set_default_timeout(15_000)
        context.add_cookies([browser_cookie(user, server)])  # type: ignore[list-item]
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
        self.page.on("response", lambda answer: self._notice(answer.url))
        self.asked_for: set[str] = set()  # the shapes of addresses since the last conclusion

    def _notice(self, url: str) -> None:
        if "/reviews/" in url or "/candidates/" in url:
            self.asked_for.add(UID.sub("*", url))

    def open(self, name: str, *args: object) -> Page:
        """Go to a page of the portal."""
        answer = self.page.goto(f"{self.server}{reverse(name, args=args)}")
        assert answer is not None
        assert answer.status == 200
        return self.page

    def choose(self, selector: str, key: str = "Enter") -> None:
        """Go to a control and press it."""
        control = self.page.locator(selector).first
        control.focus()
        control.press(key)

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.page.locator(selector).first.focus()
        self.page.keyboard.insert_text(text)

    def look(self) -> None:
        """The page as it stands is accessible and fits a phone and a desk."""
        for width in (360, 1280):
            self.page.set_viewport_size({"width": width, "height": 800})
            faults = [f"{self.page.url} at {width} px: {fault}" for fault in faults_of(self.page)]
            assert not faults, faults

    def take_next(self) -> Review:
        """From the queue, by its key."""
        self.open("police:queue")
        self.page.keyboard.press("t")
        return self.review()

    def review(self) -> Review:
        """The review whose blind stage has just come up."""
        self.page.wait_for_url(re.compile("/compare/"))
        found = UID.search(self.page.url)
        assert found is not None
        self._read((*self.never, *CUSTODY))
        return Review.objects.get(uid=found.group())

    def _read(self, never: Sequence[str]) -> None:
        text = self.page.content()
        told = [text[max(0, at - 80) : at + 80] for word in never if (at := text.find(word)) >= 0]
        assert not told, told

    def compare(self, review: Review, subject: UUID | None) -> None:
        """Judge every candidate by keys, this subject possible, nobody else; save the blind stage."""
        for one in review.judgements.order_by("position"):
            expect(self.page.locator(f"[data-pair='{one.position}']")).to_be_visible()
            self.page.keyboard.press("1" if one.subject_uid == subject else "2")
            if one.subject_uid == subject:
                self.page.keyboard.press("j")
        expect(self.page.locator("[data-left]")).to_have_text("All candidates are judged.")
        self.choose("[data-finish]")
        self.page.wait_for_url(re.compile("/reveal/"))
        self._read(self.never)

    def conclude(self, outcome: Outcome, *, button: str = "button[name=next]") -> None:
        """The conclusion after the reveal, or of an adjudication; then the next one."""
        self.choose(f"input[name=outcome][value={outcome}]", "Space")
        if outcome == Outcome.IDENTIFIED:
            self.choose("input[name=candidate]", "Space")
        self.write("textarea[name=rationale]", "Ears, brow and hairline compared.")
        self.choose("input[name=caveat_acknowledged]", "Space")
        self.asked_for.clear()
        self.choose(button)
        expect(self.page.get_by_text("Your review is recorded.")).to_be_visible()

    def finish(self, plan: Plan) -> None:
        """One offender from the queue to the conclusion."""
        review = self.take_next()
        self.compare(review, plan.subject)
        self.conclude(plan.outcome, button="button.quiet:has-text('Record and go')")

    def work_through(self, plans: Mapping[int, Plan]) -> dict[int, set[str]]:
        """Everything that waits, one after the other; `plans` by the decision's key.

        The shapes of the addresses each one led to.
        """
        left, review, led_to = dict(plans), self.take_next(), {}
        while left:
            plan = left.pop(review.decision_id)
            self.compare(review, plan.subject)
            led_to[review.decision_id] = set(self.asked_for)
            self.conclude(plan.outcome)
            if left:
                review = self.review()
        expect(self.page.get_by_text(NOTHING_LEFT)).to_be_visible()
        return led_to

    def leave_the_bench(self) -> None:
        """Close the window once the bench has reported every change of the view."""
        with self.page.expect_response(re.compile("/view-edits/")):
            self.page.keyboard.press("g")
        self.page.context.close()

    def leave(self) -> None:
        """Close the window once nothing is on its way to the service."""
        self.page.wait_for_load_state("networkidle")
        self.page.context.close()
