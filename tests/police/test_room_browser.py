"""The story of the review room: two reviewers, a supervisor and a retailer, from the queue to a package."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.cases import tasks
from portal.cases.models import Case, Pair
from portal.cases.states import Basis, PairState
from portal.reviews.models import Decision, Review
from portal.reviews.states import DecisionState, Outcome, Stage
from tests.assurance.checks import queued_check
from tests.browsing import Browser
from tests.cases.acting import look_alikes
from tests.cast import (
    Cast,
    decision_on,
    make_custody_image,
    make_gallery,
    make_offender,
    make_still,
    review_as,
    search_still,
    searched_offender,
)
from tests.police import room
from tests.police.officer import Officer, Plan, retailers_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IDENTIFIED, NO_MATCH, INCONCLUSIVE = Outcome.IDENTIFIED, Outcome.NO_MATCH, Outcome.INCONCLUSIVE
NEWCOMER = 8  # comes into custody when the story is half told


@dataclass(frozen=True)
class Reports:
    """What waits on the first morning."""

    asked: Decision
    agreed: Decision
    unclear: Decision  # the other retailer's, of the same person as `agreed`
    disputed: Decision
    poor: Decision
    check: Decision


def reports_of(cast: Cast) -> Reports:
    """`asked` comes first in the queue; a check resembles what was reported before it."""
    mine, theirs = look_alikes(cast, person=1)
    disputed = searched_offender(cast.loss_prevention, cast.campaign, person=2)
    faceless = make_offender(cast.loss_prevention, cast.campaign)
    search_still(make_still(faceless), [])
    agreed, unclear, argued, poor = (decision_on(one) for one in (mine, theirs, disputed, faceless))
    check = queued_check(cast.campaign, person=9)
    urgent = {"violence": True, "threats": True, "value": 900}
    asked = decision_on(searched_offender(cast.loss_prevention, cast.campaign, person=NEWCOMER, **urgent))
    return Reports(asked, agreed, unclear, argued, poor, check)


def best_of(decision: Decision) -> UUID:
    """The subject the search put first."""
    return decision.offender.stills.get().searches.get().candidates.get(rank=1).subject_uid


def now(decision: Decision) -> tuple[str, str, int]:
    decision.refresh_from_db()
    return decision.state, decision.outcome, decision.round


def test_the_story_of_the_room(cast: Cast, browser: Browser, live_server: LiveServer, tmp_path: Path) -> None:
    make_gallery(cast.force, 4)
    reports, never = reports_of(cast), retailers_words(cast)
    police = (cast.facial_reviewer, cast.second_reviewer, cast.supervisor)
    first, second, supervisor = (Officer(browser, one, live_server.url, never) for one in police)
    retailer = Officer(browser, cast.loss_prevention, live_server.url)

    find_a_series((first, second))
    everybody_judges(reports, first, second)
    room.adjudicate(supervisor, cast)
    assert now(reports.agreed) == (DecisionState.DECIDED, IDENTIFIED, 1)
    assert now(reports.unclear) == (DecisionState.DECIDED, INCONCLUSIVE, 1)
    assert now(reports.disputed) == (DecisionState.DECIDED, IDENTIFIED, 1)
    assert now(reports.poor) == (DecisionState.DECIDED, Outcome.UNSUITABLE, 1)
    assert (reports.agreed.subject_uid, reports.disputed.adjudicator) == (
        best_of(reports.agreed),
        cast.supervisor,
    )

    again(reports.asked, cast, first, retailer)
    found(reports.asked, cast, supervisor, (first, second))
    room.tell_the_result(reports.check, first, second)
    supervisor.open("oversight:analytics")
    supervisor.look()
    room.read_as_told(retailer, {IDENTIFIED: 3, Outcome.UNSUITABLE: 1, INCONCLUSIVE: 0})
    hand_over(reports, supervisor, tmp_path / "package.zip")
    for window in (first, second, supervisor, retailer):
        window.leave()


def find_a_series(officers: Sequence[Officer]) -> None:
    """Two reports of two retailers look like one person; two officers say so, blind."""
    tasks.suggest_series()
    for officer in officers:
        room.judge_the_pair(officer)
    assert Pair.objects.get().state == PairState.LINKED


def everybody_judges(reports: Reports, first: Officer, second: Officer) -> None:
    """Poor quality, a question, agreement, no conclusion, disagreement, and a check nobody can tell."""
    room.triage(first)
    agreed, check = (Plan(IDENTIFIED, best_of(one)) for one in (reports.agreed, reports.check))
    plans = {reports.agreed.pk: agreed, reports.unclear.pk: Plan(INCONCLUSIVE), reports.check.pk: check}
    review = first.take_next()
    assert review.decision == reports.asked
    room.ask_from_the_bench(first)
    first.compare(review, None)
    first.look()
    first.conclude(INCONCLUSIVE, button="button.quiet:has-text('Record and go')")
    room.go_back_to_what_is_concluded(first)
    led = [first.work_through({**plans, reports.disputed.pk: Plan(IDENTIFIED, best_of(reports.disputed))})]
    others = {reports.disputed.pk: Plan(NO_MATCH), reports.asked.pk: Plan(INCONCLUSIVE)}
    led.append(second.work_through({**plans, **others}))
    for addresses in led:
        assert addresses[reports.check.pk] == addresses[reports.agreed.pk]


def again(decision: Decision, cast: Cast, first: Officer, retailer: Officer) -> None:
    """The retailer's better still brings a second round, with both stills on the bench."""
    question = decision.offender.questions.get()
    room.answer_in_place(retailer, question)
    assert now(decision)[::2] == (DecisionState.AWAITING_FIRST, 2)
    search_still(question.stills.get(), person=NEWCOMER)
    review = first.take_next()
    assert len(review.probes) == 2
    first.page.keyboard.press("p")
    expect(first.page.locator("[data-probe='2']")).to_be_visible()
    for key in ("+", "b", "m", "i", "g", "s"):
        first.page.keyboard.press(key)
    first.look()
    first.page.keyboard.press("0")
    first.compare(review, None)
    first.conclude(NO_MATCH)
    review_as(decision, Stage.SECOND, cast.second_reviewer, NO_MATCH)
    assert now(decision) == (DecisionState.DECIDED, NO_MATCH, 2)


def found(decision: Decision, cast: Cast, supervisor: Officer, officers: Sequence[Officer]) -> None:
    """A new custody image, a search again, a third round; what the first officer saw is replayed."""
    image = make_custody_image(cast.force, NEWCOMER)
    room.search_again_as(supervisor, decision)
    assert now(decision)[::2] == (DecisionState.AWAITING_FIRST, 3)
    for officer in officers:
        officer.finish(Plan(IDENTIFIED, image.subject.uid))
    assert now(decision) == (DecisionState.DECIDED, IDENTIFIED, 3)
    officers[0].open(
        "police:review-replay", Review.objects.get(decision=decision, round=2, stage=Stage.FIRST).uid
    )
    officers[0].look()


def hand_over(reports: Reports, supervisor: Officer, path: Path) -> None:
    """A case of two retailers; a package that leaves is logged and verified; a changed bit is noticed."""
    tasks.follow_decisions()
    case = Case.objects.get(offences__offender=reports.agreed.offender)
    bases = dict(case.offences.values_list("offender", "basis"))
    assert bases == {
        reports.agreed.offender_id: Basis.DECISION,
        reports.unclear.offender_id: Basis.SERIES,
    }
    package = room.make_package(supervisor, case)
    room.download(supervisor, path)
    said = StringIO()
    call_command("verify_package", path, stdout=said)
    assert "disclosure" in said.getvalue()
    with zipfile.ZipFile(path) as archive:
        record = json.loads(archive.read("record.json"))
    assert len(record["offences"]) == 2
    handed = Entry.objects.get(tag=Tag.EXPORTED)
    assert (handed.actor_id, handed.subject_id) == (supervisor.user.pk, str(package.uid))
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    with pytest.raises(CommandError):
        call_command("verify_package", path, stdout=said)
