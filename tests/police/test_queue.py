"""The queue: counts that add up, filters in the address, who may take what."""

import pytest
from django.urls import reverse

from portal.police import desk
from portal.reviews import actions
from portal.reviews.models import Decision, Review
from portal.reviews.states import DecisionState, Outcome, Stage
from tests.cast import (
    Cast,
    client_of,
    decide,
    decision_on,
    make_gallery,
    make_offender,
    make_still,
    review_as,
    search_still,
    searched_offender,
)

QUEUE = "police:queue"


@pytest.fixture
def offenders(cast: Cast) -> list[Decision]:
    """Seven offenders: one in each interesting place, one still being checked."""
    make_gallery(cast.force, 2)
    who = [cast.loss_prevention, cast.neighbour]
    found = [decision_on(searched_offender(who[n % 2], cast.campaign)) for n in range(5)]
    actions.claim_review(found[1], Stage.FIRST, by=cast.facial_reviewer)
    review_as(found[2], Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    review_as(found[3], Stage.FIRST, cast.facial_reviewer, Outcome.IDENTIFIED)
    review_as(found[3], Stage.SECOND, cast.second_reviewer, Outcome.NO_MATCH)
    decide(found[4].offender, Outcome.IDENTIFIED, cast)
    make_still(make_offender(cast.loss_prevention, cast.campaign))
    make_offender(cast.loss_prevention, cast.campaign, declared=False)
    return found


def test_every_declared_offender_is_counted_once(cast: Cast, offenders: list[Decision]) -> None:
    depth = desk.depth_for(cast.supervisor)
    assert depth.total == 6
    assert depth.not_ready == 1
    assert sum(one.number for one in depth.counts) + depth.not_ready == depth.total
    assert {one.state: one.number for one in depth.counts if one.number} == {
        "awaiting_first": 1,
        "first_open": 1,
        "awaiting_second": 1,
        "disputed": 1,
        "decided": 1,
    }
    for one in desk.progress_by_retailer(cast.supervisor):
        assert one.checking + one.waiting + one.in_review + one.decided == one.sent
    assert sum(one.sent for one in desk.progress_by_retailer(cast.supervisor)) == depth.total


def test_each_role_is_offered_what_it_may_take(cast: Cast, offenders: list[Decision]) -> None:
    assert desk.takeable(cast.facial_reviewer) == {Stage.FIRST: 1}
    assert desk.takeable(cast.second_reviewer) == {Stage.FIRST: 1, Stage.SECOND: 1}
    assert desk.takeable(cast.supervisor) == {Stage.ADJUDICATION: 1}
    assert desk.takeable(cast.auditor) == {}
    assert "Take next" not in client_of(cast.auditor).get(reverse(QUEUE)).content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", {0, 1, 2, 3}), ("?state=all", {0, 1, 2, 3, 4}), ("?state=decided", {4}), ("?state=disputed", {3})],
)
def test_the_filter_is_in_the_address(
    cast: Cast, offenders: list[Decision], query: str, expected: set[int]
) -> None:
    page = client_of(cast.supervisor).get(reverse(QUEUE) + query).context["page"]
    assert {row.pk for row in page.object_list} == {offenders[n].pk for n in expected}


def test_by_retailer_and_by_violence(cast: Cast, offenders: list[Decision]) -> None:
    client = client_of(cast.supervisor)
    page = client.get(reverse(QUEUE), {"state": "all", "retailer": str(cast.other_retailer.uid)}).context[
        "page"
    ]
    assert {row.pk for row in page.object_list} == {offenders[1].pk, offenders[3].pk}
    assert not client.get(reverse(QUEUE), {"flag": "violence"}).context["page"].object_list
    offender = offenders[0].offender
    type(offender).objects.filter(pk=offender.pk).update(violence=True)
    rows = client.get(reverse(QUEUE), {"flag": "violence"}).context["page"].object_list
    assert [row.pk for row in rows] == [offenders[0].pk]


def test_nonsense_in_the_address_is_harmless(cast: Cast, offenders: list[Decision]) -> None:
    client = client_of(cast.supervisor)
    for query in ("?state=x&retailer=y&flag=z&page=w", "?page=99999", "?retailer=%00"):
        assert client.get(reverse(QUEUE) + query).status_code == 200


def test_the_poll_brings_the_changing_part_only(cast: Cast, offenders: list[Decision]) -> None:
    answer = client_of(cast.supervisor).get(reverse(QUEUE), headers={"X-Poll": "1"})
    text = answer.content.decode()
    assert text.lstrip().startswith('<div id="queue"')
    assert "<html" not in text


def test_who_is_late_is_told_and_goes_on(cast: Cast, offenders: list[Decision]) -> None:
    client = client_of(cast.another_reviewer)
    take = reverse("police:decision-take", args=[offenders[1].uid])
    assert "Somebody else has just taken this offender" in client.post(take, follow=True).content.decode()
    assert client.post(reverse("police:take-next"))["Location"].startswith("/police/reviews/")
    last = client.post(reverse("police:take-next"), follow=True)
    assert "Nothing is waiting for you just now" in last.content.decode()


def test_handing_back_by_the_page(cast: Cast, offenders: list[Decision]) -> None:
    review = Review.objects.get(decision=offenders[1])
    client = client_of(cast.facial_reviewer)
    client.post(reverse("police:review-release", args=[review.uid]), {"reason": "not my shift"})
    offenders[1].refresh_from_db()
    assert offenders[1].state == DecisionState.AWAITING_FIRST
    again = client.post(reverse("police:review-release", args=[review.uid]), follow=True)
    assert "already finished" in again.content.decode()


def test_triage_decides_several_at_once(cast: Cast) -> None:
    faceless = []
    for _ in range(3):
        offender = make_offender(cast.loss_prevention, cast.campaign)
        search_still(make_still(offender), found=[])
        faceless.append(decision_on(offender))
    client, url = client_of(cast.facial_reviewer), reverse("police:triage")
    assert "no face was found" in client.get(url).content.decode()
    form = {"outcome": "unsuitable", "rationale": "no face", "caveat_acknowledged": "on"}
    assert client.post(url, form).status_code == 422
    chosen = [str(one.uid) for one in faceless[:2]]
    client.post(url, {**form, "decisions": chosen})
    states = list(Decision.objects.order_by("pk").values_list("state", "outcome"))
    assert states == [("decided", "unsuitable")] * 2 + [("awaiting_first", "")]
    assert client.post(url, {**form, "decisions": chosen}).status_code == 422
