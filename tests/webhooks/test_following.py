"""What the log says becomes messages: ids and codes only, to the retailer concerned and nobody else."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from matching.errors import RejectedImage
from portal import work
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.questions.actions import Asked, ask, withdraw
from portal.questions.states import Kind
from portal.reviews.states import Outcome
from portal.submissions.actions import Upload, add_draft
from portal.webhooks.actions import change_webhook, make_webhook, switch_off
from portal.webhooks.following import follow
from portal.webhooks.models import Cursor, Delivery
from portal.webhooks.states import Event
from tests.cast import (
    Cast,
    decide,
    make_gallery,
    make_offender,
    make_still,
    picture,
    search_still,
    searched_offender,
    submission_of,
)
from tests.webhooks.conftest import Hooked, Receiver


def told() -> list[tuple[str, dict[str, str]]]:
    """Type and data of each message in the order of the log; the log is followed first."""
    while follow():
        pass
    bodies = [json.loads(one.body) for one in Delivery.objects.order_by("pk")]
    assert all(set(body) == {"type", "timestamp", "data"} for body in bodies)
    return [(body["type"], body["data"]) for body in bodies]


def test_the_way_of_a_report(hooked: Hooked, cast: Cast) -> None:
    make_gallery(cast.force, 3)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    ids = {"offender": str(offender.uid), "submission": str(offender.submission.uid)}
    assert told() == [
        ("offender.searched", ids),
        ("offender.status_changed", {**ids, "status": "searched"}),
    ]
    decide(offender, Outcome.IDENTIFIED, cast)
    assert told()[2:] == [("offender.status_changed", {**ids, "status": "identified"})]
    assert told()[3:] == []
    entry = Entry.objects.get(tag=Tag.STATUS_DISCLOSED)
    assert (entry.organisation_id, entry.actor, entry.details) == (
        cast.retailer.pk, "system:webhooks", {"outcome": "identified"},
    )  # fmt: skip


def test_nothing_of_custody_or_of_people_is_in_a_message(hooked: Hooked, cast: Cast) -> None:
    make_gallery(cast.force, 3)
    fields: dict[str, Any] = {"reporter_name": "Canary Reporter", "goods": "canary goods", "vrm": "CAN4RY"}
    decide(searched_offender(cast.loss_prevention, cast.campaign, **fields), Outcome.IDENTIFIED, cast)
    told()
    text = " ".join(Delivery.objects.values_list("body", flat=True)).lower()
    for canary in ("canary", "can4ry", "nm/", "number", "robin", "sam", "score", "rank", "candidate"):
        assert canary not in text


def test_questions(hooked: Hooked, cast: Cast) -> None:
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    told()
    due = timezone.localdate() + timedelta(days=3)
    question = ask(offender, Asked(Kind.STATEMENT, "Secret wording", due), by=cast.facial_reviewer)
    withdraw(question, by=cast.facial_reviewer)
    news = told()[2:]
    assert [event for event, _ in news] == ["question.asked", "question.withdrawn"]
    assert set(news[0][1]) == {"offender", "submission", "question"}
    assert news[0][1]["question"] == str(question.uid)


def test_stills_refused_and_without_a_face(hooked: Hooked, cast: Cast, client: Any) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    with pytest.raises(Exception, match=r"."):
        make_still(offender, b"%PDF-1.7")
    still = make_still(offender, picture(1))
    search_still(still, [])
    assert work.WorkState(type(still).objects.get().work_state) == work.WorkState.REFUSED
    news = dict(told())
    assert news["still.refused"]["code"] == "document_not_supported"
    assert news["still.no_face"]["still"] == str(still.uid)
    assert news["offender.status_changed"]["status"] == "no_face"


def test_a_file_refused_in_the_tray(hooked: Hooked, cast: Cast) -> None:
    ours = submission_of(cast.loss_prevention, cast.campaign)
    for by in (cast.loss_prevention, cast.neighbour):
        with pytest.raises(RejectedImage):
            add_draft(submission_of(by, cast.campaign), Upload(b"%PDF-1.7", "a.pdf"), by=by)
    expected = {"submission": str(ours.uid), "code": "document_not_supported"}
    assert told() == [("still.refused", expected)]


def test_only_the_retailer_concerned_and_only_what_it_asked_for(
    hooked: Hooked, cast: Cast, receiver: Receiver
) -> None:
    theirs, _ = make_webhook(receiver.url, [Event.OFFENDER_SEARCHED], by=cast.neighbour)
    searched_offender(cast.loss_prevention, cast.campaign)
    searched_offender(cast.neighbour, cast.campaign)
    told()
    assert list(Delivery.objects.filter(webhook=theirs).values_list("event", flat=True)) == [
        "offender.searched"
    ]
    mine = Delivery.objects.filter(webhook=hooked.webhook)
    assert sorted(mine.values_list("event", flat=True)) == ["offender.searched", "offender.status_changed"]


def test_an_outcome_nobody_asked_for_is_not_logged_as_disclosed(hooked: Hooked, cast: Cast) -> None:
    change_webhook(hooked.webhook, hooked.webhook.url, [Event.OFFENDER_SEARCHED], by=cast.retailer_manager)
    make_gallery(cast.force, 3)
    decide(searched_offender(cast.loss_prevention, cast.campaign), Outcome.NO_MATCH, cast)
    assert [event for event, _ in told()] == ["offender.searched"]
    assert not Entry.objects.filter(tag=Tag.STATUS_DISCLOSED).exists()


def test_what_happened_before_or_while_off_is_not_told(cast: Cast, receiver: Receiver) -> None:
    searched_offender(cast.loss_prevention, cast.campaign)
    webhook, _ = make_webhook(receiver.url, list(Event), by=cast.retailer_manager)
    assert told() == []
    switch_off(webhook, by=cast.retailer_manager)
    searched_offender(cast.loss_prevention, cast.campaign)
    assert told() == []
    assert Cursor.objects.get().number == Entry.objects.order_by("-number")[0].number


def test_followed_twice_it_is_told_once(hooked: Hooked, cast: Cast) -> None:
    searched_offender(cast.loss_prevention, cast.campaign)
    first = told()
    Cursor.objects.update(number=0)
    assert [event for event, _ in told()] == [event for event, _ in first]


def test_queries_do_not_grow_with_the_entries(
    hooked: Hooked, cast: Cast, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for count in (1, 8):
        for _ in range(count):
            searched_offender(cast.loss_prevention, cast.campaign)
        with django_assert_max_num_queries(22):
            assert follow() >= count
