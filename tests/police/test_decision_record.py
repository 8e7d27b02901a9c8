"""The record: rounds, searching again, reopening, the original file."""

import hashlib
import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from portal import storage
from portal.accounts.models import User
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews import actions
from portal.reviews.models import Decision, SearchAgain
from portal.reviews.states import DecisionState, Outcome, Stage
from portal.submissions.models import Offender
from tests.cast import (
    Cast,
    client_of,
    decide,
    decision_on,
    make_gallery,
    make_still,
    review_as,
    search_still,
    searched_offender,
)


@pytest.fixture
def decided(cast: Cast) -> Decision:
    make_gallery(cast.force, 3)
    return decide(searched_offender(cast.loss_prevention, cast.campaign), Outcome.NO_MATCH, cast)


def record_of(decision: Decision, user: User) -> str:
    answer = client_of(user).get(reverse("police:decision-record", args=[decision.uid]))
    return answer.content.decode() if answer.status_code == 200 else ""


def send(name: str, decision: Decision, user: User, reason: str = "arrested last night") -> int:
    address = reverse(f"police:{name}", args=[decision.uid])
    return client_of(user).post(address, {"reason": reason}).status_code


def test_every_round_is_readable(cast: Cast, decided: Decision) -> None:
    actions.reopen_decision(decided, reason="A better still came", by=cast.supervisor)
    search_still(make_still(decided.offender))
    review_as(decided, Stage.FIRST, cast.another_reviewer, Outcome.IDENTIFIED)
    page = record_of(decided, cast.supervisor)
    assert [f"Round {number}" in page for number in (1, 2, 3)] == [True, True, False]
    assert "A better still came" in page
    assert cast.another_reviewer.name in page


def test_a_reviewer_has_it_searched_again(cast: Cast, decided: Decision) -> None:
    assert "Search again" in record_of(decided, cast.facial_reviewer)
    assert "Reopen the decision" not in record_of(decided, cast.facial_reviewer)
    assert send("decision-search", decided, cast.facial_reviewer, " ") == 302
    assert not SearchAgain.objects.exists()
    send("decision-search", decided, cast.facial_reviewer)
    row = SearchAgain.objects.get()
    assert (row.requested_by, row.reason) == (cast.facial_reviewer, "arrested last night")
    assert Entry.objects.get(tag=Tag.SEARCH_REQUESTED).reason == "arrested last night"
    assert send("decision-search", decided, cast.another_reviewer) == 404
    assert send("decision-search", decided, cast.auditor) == 403


def test_a_supervisor_reopens(cast: Cast, decided: Decision) -> None:
    assert send("decision-reopen", decided, cast.facial_reviewer) == 403
    assert send("decision-reopen", decided, cast.supervisor) == 302
    decided.refresh_from_db()
    assert (decided.state, decided.round) == (DecisionState.AWAITING_FIRST, 2)


def test_nobody_identified_is_offered_another_look(cast: Cast) -> None:
    make_gallery(cast.force, 1)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    decision = decide(offender, Outcome.IDENTIFIED, cast)
    assert "Look again" not in record_of(decision, cast.supervisor)
    send("decision-reopen", decision, cast.supervisor)
    decision.refresh_from_db()
    assert decision.outcome == Outcome.IDENTIFIED


def test_the_original_is_handed_out_untouched_with_a_reason(cast: Cast, decided: Decision) -> None:
    review, still = decided.reviews.first(), decided.offender.stills.get()
    assert review is not None
    address = reverse("police:probe-original", args=[review.uid, 1])
    client = client_of(cast.supervisor)
    assert client.post(address, {"reason": ""}).status_code == 302
    answer = client.post(address, {"reason": "Defence request 12"})
    assert answer.content == storage.read(storage.originals(), still.original_key)
    assert hashlib.sha256(answer.content).hexdigest() == still.original_sha256
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("private, no-store", "nosniff")
    entry = Entry.objects.get(tag=Tag.ORIGINAL_VIEWED)
    assert (entry.actor_id, entry.subject_id, entry.reason) == (
        cast.supervisor.pk,
        str(still.uid),
        "Defence request 12",
    )
    for person, status in ((cast.facial_reviewer, 403), (cast.gallery_manager, 403), (cast.auditor, 200)):
        assert client_of(person).post(address, {"reason": "why not"}).status_code == status


def test_a_longer_list_by_form(cast: Cast) -> None:
    make_gallery(cast.force, 22)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    review = actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    client = client_of(cast.facial_reviewer)
    address = reverse("police:list-lengthen", args=[review.uid])
    client.post(address, {"to": "50", "why": ""})
    client.post(address, {"to": "21", "why": "more"})
    assert review.judgements.count() == 20
    page = client.post(address, {"to": "50", "why": "twins"}, follow=True).content.decode()
    assert "2 more candidates to compare." in page
    assert "Candidate 22 of 22" in page
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    actions.save_blind(review, by=cast.facial_reviewer)
    assert "From 20 to 50" in record_of(decision, cast.supervisor)


def test_the_report_says_when_it_really_was(cast: Cast) -> None:
    shown = datetime(2026, 11, 3, 0, 5, tzinfo=UTC)
    offender = searched_offender(
        cast.loss_prevention, cast.campaign, started_at=shown, ended_at=None, clock_offset_minutes=7
    )
    html = " ".join(record_of(decide(offender, Outcome.NO_MATCH, cast), cast.supervisor).split())
    assert "2 Nov 2026, 23:58" in html
    assert "The CCTV clock is 7 minutes fast: it showed" in html
    assert re.search(r"<dt>When</dt><dd><time", html)  # a summary keeps line breaks: none may stand before it
    assert "3 Nov 2026, 00:05" in html
    Offender.objects.update(clock_offset_minutes=0)
    assert "The CCTV clock" not in record_of(Decision.objects.get(), cast.supervisor)
