"""The pages of one review: saving by script and by plain form, refusals, changes after the reveal."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.reviews import actions
from portal.reviews.models import Judgement, Review
from portal.reviews.states import ReviewState, Stage
from tests.cast import Cast, client_of, decision_on, make_gallery, searched_offender

JSON = {"Accept": "application/json"}


@pytest.fixture
def review(cast: Cast) -> Review:
    make_gallery(cast.force, 3)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    return actions.claim_review(decision, Stage.FIRST, by=cast.facial_reviewer)


@pytest.fixture
def client(cast: Cast) -> Client:
    return client_of(cast.facial_reviewer)


def url(name: str, review: Review, position: int | None = None) -> str:
    uids = [review.judgements.get(position=position).uid] if position else []
    return reverse(f"police:{name}", args=[review.uid, *uids])


def test_saved_by_the_script(client: Client, review: Review) -> None:
    entered = {
        "verdict": "possible",
        "feature_ears": "different",
        "confidence": "2",
        "seconds_viewed": "3.25",
    }
    answer = client.post(url("judgement-save", review, 2), entered, headers=JSON)
    assert answer.json() == {"problem": ""}
    one = review.judgements.get(position=2)
    assert (one.blind, one.features, one.confidence) == ("possible", {"ears": "different"}, 2)
    assert one.seconds_viewed == pytest.approx(3.2, abs=0.06)


def test_saved_by_the_plain_form(client: Client, review: Review) -> None:
    answer = client.post(url("judgement-save", review, 1), {"verdict": "not"})
    assert answer["Location"].endswith("#candidate-2")
    page = client.get(url("review-blind", review)).content.decode()
    assert "2 candidates not judged yet" in page


@pytest.mark.parametrize(
    "entered",
    [
        {},
        {"verdict": "match"},
        {"verdict": "not", "confidence": "6"},
        {"verdict": "not", "feature_nose": "big"},
        {"verdict": "not", "seconds_viewed": "nan"},
        {"verdict": "not", "seconds_viewed": "1e12"},
    ],
)
def test_what_cannot_be_is_refused(client: Client, review: Review, entered: dict[str, str]) -> None:
    answer = client.post(url("judgement-save", review, 1), entered, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["problem"]
    assert review.judgements.get(position=1).blind == ""


def test_too_late_is_said(client: Client, review: Review, cast: Cast) -> None:
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    client.post(url("blind-save", review))
    answer = client.post(url("judgement-save", review, 1), {"verdict": "possible"}, headers=JSON)
    assert answer.status_code == 409
    assert "already saved" in answer.json()["problem"]


def test_everything_not_judged_yet_asks_first(client: Client, review: Review) -> None:
    client.post(url("judgement-save", review, 1), {"verdict": "possible"})
    assert "2 candidates of offender" in client.get(url("judgements-rest", review)).content.decode()
    assert review.judgements.filter(blind="").count() == 2
    client.post(url("judgements-rest", review))
    assert list(review.judgements.values_list("blind", flat=True)) == ["possible", "not", "not"]


def test_saving_blind_needs_every_judgement(client: Client, review: Review) -> None:
    page = client.post(url("blind-save", review), follow=True).content.decode()
    assert "Candidates without a judgement: 3" in page


def edit(**fields: Any) -> dict[str, Any]:
    return {"control": "zoom", "value": 2, "candidate": 1, "ms": 12.4, **fields}


def test_changes_of_the_view_add_up(client: Client, review: Review) -> None:
    for value in (2, 3):
        sent = json.dumps([edit(value=value)])
        assert (
            client.post(url("view-edits", review), sent, content_type="application/json").status_code == 200
        )
    review.refresh_from_db()
    assert [one["value"] for one in review.view_edits] == [2, 3]
    assert review.view_edits[0]["stage"] == ReviewState.BLIND


@pytest.mark.parametrize(
    "sent",
    [
        "no json",
        "{}",
        "[1]",
        json.dumps([edit(control="opacity")]),
        json.dumps([edit(value=900)]),
        json.dumps([edit(value="NaN")]),
        json.dumps([edit(candidate=-1)]),
        json.dumps([edit(ms="Infinity")]),
        json.dumps([edit()] * 201),
    ],
)
def test_nonsense_is_not_recorded(client: Client, review: Review, sent: str) -> None:
    answer = client.post(url("view-edits", review), sent, content_type="application/json")
    assert answer.status_code == 400
    review.refresh_from_db()
    assert review.view_edits == []


def test_a_change_after_the_reveal_keeps_both(client: Client, review: Review, cast: Cast) -> None:
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    client.post(url("blind-save", review))
    change = url("judgement-change", review, 1)
    page = client.post(change, {"verdict": "possible", "reason": ""}, follow=True).content.decode()
    assert "say what changed your mind" in page
    page = client.post(change, {"verdict": "possible", "reason": "age fits"}, follow=True).content.decode()
    assert "The judgement is changed. The blind one is kept beside it." in page
    one = Judgement.objects.get(review=review, position=1)
    assert (one.blind, one.after, one.after_reason) == ("not", "possible", "age fits")
    page = client.get(url("review-reveal", review)).content.decode()
    assert "blind: Not this person; changed: age fits" in page


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("outcome", "Choose an outcome"),
        ("rationale", "Give the reasons for your decision."),
        ("caveat_acknowledged", "Tick that you have read what a possible match is."),
        ("candidate", "Choose the candidate"),
    ],
)
def test_a_conclusion_needs_all_its_parts(
    client: Client, review: Review, cast: Cast, missing: str, said: str
) -> None:
    client.post(url("judgement-save", review, 1), {"verdict": "possible"})
    actions.rule_out_the_rest(review, by=cast.facial_reviewer)
    client.post(url("blind-save", review))
    candidate = review.judgements.select_related("candidate").get(position=1).candidate
    assert candidate is not None
    whole = {
        "outcome": "identified",
        "candidate": str(candidate.uid),
        "rationale": "ears",
        "caveat_acknowledged": "on",
    }
    answer = client.post(
        url("review-reveal", review), {name: value for name, value in whole.items() if name != missing}
    )
    assert answer.status_code == 422
    assert said in answer.content.decode()
    review.refresh_from_db()
    assert review.state == ReviewState.REVEALED
    assert client.post(url("review-reveal", review), whole).status_code == 302
