"""A finished review opened as its reviewer saw it: who may, what it shows, what is gone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.audit.log import SystemActor
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.gallery.actions import request_deletion
from portal.police.views.replays import timeline
from portal.retention.actions import erase_still
from portal.reviews import actions
from portal.reviews.models import Decision, Review
from portal.reviews.states import Outcome, Stage
from tests.cast import Cast, client_of, decision_on, make_gallery, review_as, searched_offender


@pytest.fixture
def decision(cast: Cast) -> Decision:
    make_gallery(cast.force, 3)
    return decision_on(searched_offender(cast.loss_prevention, cast.campaign))


@pytest.fixture
def first(cast: Cast, decision: Decision) -> Review:
    """Finished, with two changes of the view in two sittings; the second review is still to come."""
    review = actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    edits: list[dict[str, Any]] = [
        {"control": "zoom", "value": 2.5, "candidate": 2, "ms": 400},
        {"control": "judged", "value": 2.0, "candidate": 2, "ms": 900},
        {"control": "show", "value": 3.0, "candidate": 3, "ms": 100},
    ]
    actions.add_view_edits(review, edits, by=cast.facial_reviewer)
    actions.release_review(review, by=cast.facial_reviewer)
    return review_as(decision, Stage.FIRST, cast.facial_reviewer, Outcome.NO_MATCH)


def replay(review: Review, user: User) -> Any:
    return client_of(user).get(reverse("police:review-replay", args=[review.uid]))


def test_order_view_times_and_versions(cast: Cast, first: Review) -> None:
    answer = replay(first, cast.auditor)
    page = answer.content.decode()
    faces = [page.index(str(one.uid)) for one in first.judgements.order_by("position")]
    assert faces == sorted(faces)
    assert [event["at"] for event in answer.context["events"]] == [400, 900, 1000]
    assert 'data-control="zoom" data-value="2.5" data-candidate="2"' in page
    assert "Not this person</td>" in page
    search = first.searches.get()
    assert search.model_version in page
    assert f"event {search.gallery_seq}, 3 templates" in page
    entry = Entry.objects.get(tag=Tag.REVIEW_REPLAYED)
    assert (entry.actor_id, entry.subject_id) == (cast.auditor.pk, str(first.uid))


def test_reviewers_only_once_it_is_decided(cast: Cast, decision: Decision, first: Review) -> None:
    assert replay(first, cast.supervisor).status_code == 200
    for person in (cast.facial_reviewer, cast.second_reviewer, cast.another_reviewer):
        assert replay(first, person).status_code == 404
    review_as(decision, Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    assert replay(first, cast.facial_reviewer).status_code == 200
    assert replay(first, cast.another_reviewer).status_code == 404
    assert replay(first, cast.foreign_officer).status_code == 404
    assert replay(first, cast.gallery_manager).status_code == 403


def test_an_open_review_is_not_replayed(cast: Cast, decision: Decision) -> None:
    review = actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)
    assert replay(review, cast.supervisor).status_code == 404


def test_what_was_erased_says_so(cast: Cast, first: Review) -> None:
    one: Any = first.judgements.select_related("candidate__image").get(position=1)
    request_deletion(one.candidate.image, by=cast.gallery_manager, reason="asked for")
    erase_still(first.decision.offender.stills.get(), by=SystemActor("test"), reason="retention")
    page = replay(first, cast.auditor).content.decode()
    assert "This custody image was erased or may no longer be used." in page
    assert "The stills of this offender were erased" in page
    assert reverse("police:candidate-face", args=[one.uid]) not in page
    assert "/probes/" not in page


def test_the_page_changes_nothing(cast: Cast, first: Review) -> None:
    client: Client = client_of(cast.auditor)
    assert client.post(reverse("police:review-replay", args=[first.uid])).status_code == 405
    assert "<form" not in replay(first, cast.auditor).content.decode().split("<main")[1]


def test_every_sitting_begins_its_own_clock() -> None:
    edits = [{"ms": ms} for ms in (10, 20, 5, 7, 3)]
    assert [event["at"] for event in timeline(edits)] == [10, 20, 25, 27, 30]
