"""A day in the review room: triage, agreement, disagreement, no conclusion, and a check nobody can tell."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from portal.assurance.tasks import grade_reviews
from portal.police.templatetags.police import short
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome
from portal.reviews.status import TOLD
from portal.submissions.models import Offender
from tests.assurance.checks import queued_check
from tests.browsing import Browser
from tests.cast import (
    Cast,
    decision_on,
    make_gallery,
    make_offender,
    make_still,
    search_still,
    searched_offender,
)
from tests.police.officer import Officer, Plan, retailers_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IDENTIFIED, NO_MATCH, INCONCLUSIVE = Outcome.IDENTIFIED, Outcome.NO_MATCH, Outcome.INCONCLUSIVE


def best_of(decision: Decision) -> UUID:
    """The subject the search put first."""
    return decision.offender.stills.get().searches.get().candidates.get(rank=1).subject_uid


def reported(cast: Cast, person: int) -> Decision:
    return decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=person))


def faceless(cast: Cast) -> Decision:
    offender: Offender = make_offender(cast.loss_prevention, cast.campaign)
    search_still(make_still(offender), [])
    return decision_on(offender)


def triage(officer: Officer) -> None:
    """Everything without a usable face at once, chosen by the page's key."""
    page = officer.open("police:triage")
    page.keyboard.press("a")
    expect(page.locator("[data-chosen]")).to_have_text("1 of 1 chosen.")
    officer.choose(f"input[name=outcome][value={Outcome.UNSUITABLE}]", "Space")
    officer.write("textarea[name=rationale]", "No face in the frame.")
    officer.choose("input[name=caveat_acknowledged]", "Space")
    officer.choose("button:has-text('Record for the chosen')")
    expect(page.get_by_text("Recorded for 1 of 1.")).to_be_visible()


def test_a_day_of_two_reviewers_and_a_supervisor(
    cast: Cast, browser: Browser, live_server: LiveServer
) -> None:
    make_gallery(cast.force, 4)
    agreed, disputed, unclear = (reported(cast, person) for person in (1, 2, 3))
    poor, check = faceless(cast), queued_check(cast.campaign, person=9)
    yes, same = Plan(IDENTIFIED, best_of(agreed)), Plan(IDENTIFIED, best_of(check))
    plans = {agreed.pk: yes, unclear.pk: Plan(INCONCLUSIVE), check.pk: same}
    never = retailers_words(cast)

    first = Officer(browser, cast.facial_reviewer, live_server.url, never)
    triage(first)
    led = [first.work_through({**plans, disputed.pk: Plan(IDENTIFIED, best_of(disputed))})]
    second = Officer(browser, cast.second_reviewer, live_server.url, never)
    led.append(second.work_through({**plans, disputed.pk: Plan(NO_MATCH)}))
    for addresses in led:
        assert addresses[check.pk] == addresses[agreed.pk]

    supervisor = Officer(browser, cast.supervisor, live_server.url, never)
    adjudicate(supervisor, cast)
    for decision in (agreed, disputed, unclear, poor, check):
        decision.refresh_from_db()
    assert {decision.state for decision in (agreed, disputed, unclear, poor, check)} == {
        DecisionState.DECIDED
    }
    assert (agreed.subject_uid, agreed.outcome) == (yes.subject, IDENTIFIED)
    assert (disputed.outcome, disputed.adjudicator) == (IDENTIFIED, cast.supervisor)
    assert (unclear.outcome, poor.outcome) == (INCONCLUSIVE, Outcome.UNSUITABLE)

    grade_reviews()
    for officer in (first, second):
        told_the_result(officer, check)
    supervisor.open("oversight:analytics")
    supervisor.look()
    what_the_retailer_reads(Officer(browser, cast.loss_prevention, live_server.url))
    for officer in (first, second, supervisor):
        officer.leave()


def adjudicate(supervisor: Officer, cast: Cast) -> None:
    """Both records side by side, still without the retailer; the supervisor decides."""
    page = supervisor.open("police:queue")
    page.keyboard.press("t")
    page.wait_for_url(re.compile("/adjudicate/"))
    for officer in (cast.facial_reviewer, cast.second_reviewer):
        expect(page.get_by_text(officer.name).first).to_be_visible()
    assert [word for word in supervisor.never if word in page.content()] == []
    supervisor.look()
    supervisor.conclude(IDENTIFIED)


def told_the_result(officer: Officer, check: Decision) -> None:
    """The check was one like all others until now; its officers learn what it was."""
    page = officer.open("police:my-accuracy")
    row = page.get_by_role("row").filter(has_text=short(check.offender.uid))
    expect(row).to_contain_text("in the list")
    expect(page.get_by_text("0 of 1").first).to_be_visible()
    officer.look()


def what_the_retailer_reads(retailer: Officer) -> None:
    """Of four reports, and of no check."""
    page = retailer.open("retailer:dashboard")
    for outcome, times in ((IDENTIFIED, 2), (INCONCLUSIVE, 1), (Outcome.UNSUITABLE, 1)):
        expect(page.locator("#offender-list").get_by_text(TOLD[outcome][0], exact=True)).to_have_count(times)
    retailer.leave()
