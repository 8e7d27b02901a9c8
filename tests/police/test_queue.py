"""The queue: counts that add up, filters in the address, who may take what."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.police import desk
from portal.police.priority import by_priority, explained, parts_of
from portal.reviews import actions
from portal.reviews.models import Decision, Review
from portal.reviews.states import DecisionState, Outcome, Stage
from tests.cast import (
    Cast,
    client_of,
    decide,
    decision_on,
    make_campaign,
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


def test_every_declared_offender_is_in_one_tab(cast: Cast, offenders: list[Decision]) -> None:
    tabs = desk.tabs_for(cast.facial_reviewer)
    numbers = {part.code: part.number for part in tabs.parts}
    assert numbers == {"mine": 1, "unassigned": 1, "second": 1, "disagreements": 1, "colleagues": 0}
    assert (tabs.open, tabs.decided, tabs.not_ready, tabs.total) == (4, 1, 1, 6)
    other = desk.tabs_for(cast.supervisor)
    assert {part.code: part.number for part in other.parts if part.code in ("mine", "colleagues")} == {
        "mine": 0,
        "colleagues": 1,
    }


def test_tabs_add_up_and_each_lists_what_it_counts(cast: Cast, offenders: list[Decision]) -> None:
    for user in (cast.facial_reviewer, cast.second_reviewer, cast.supervisor, cast.auditor):
        tabs = desk.tabs_for(user)
        assert sum(part.number for part in tabs.parts) + tabs.decided + tabs.not_ready == tabs.total
        listed = {tab.code: set(desk.narrowed(user, {"view": tab.code})) for tab in tabs.links}
        assert {code: len(rows) for code, rows in listed.items()} == {
            tab.code: tab.number for tab in tabs.links
        }
        parts = [listed[part.code] for part in tabs.parts]
        assert set.union(*parts) == listed["open"]
        assert sum(map(len, parts)) == len(listed["open"])
        assert not listed["open"] & listed["decided"]


def test_who_reviews_nothing_has_no_tab_of_their_own_work(cast: Cast, offenders: list[Decision]) -> None:
    assert "mine" not in {tab.code for tab in desk.tabs_for(cast.auditor).links}
    page = client_of(cast.auditor).get(reverse(QUEUE), {"view": "mine"})
    text = page.content.decode()
    assert "My work" not in text
    assert "With officers" in text
    # An address from elsewhere falls back to the whole queue, list and count alike.
    assert len(page.context["rows"]) == page.context["tabs"].open


def test_progress_by_retailer_adds_up(cast: Cast, offenders: list[Decision]) -> None:
    rows = desk.progress_by_retailer(cast.supervisor)
    for one in rows:
        assert one.checking + one.waiting + one.in_review + one.decided == one.sent
    whole = desk.summed(rows)
    assert whole.sent == desk.tabs_for(cast.supervisor).total
    assert whole.decided == 1


def offered(user: User, decisions: list[Decision]) -> dict[Stage, set[int]]:
    return desk.takeable_of(desk.waiting_by_stage(user), [one.pk for one in decisions])


def test_each_role_is_offered_what_it_may_take(cast: Cast, offenders: list[Decision]) -> None:
    first, _, second, disputed = (one.pk for one in offenders[:4])
    assert offered(cast.facial_reviewer, offenders) == {Stage.FIRST: {first}}
    assert offered(cast.second_reviewer, offenders) == {Stage.FIRST: {first}, Stage.SECOND: {second}}
    assert offered(cast.supervisor, offenders) == {Stage.ADJUDICATION: {disputed}}
    assert offered(cast.auditor, offenders) == {}
    waiting = desk.waiting_by_stage(cast.second_reviewer)
    none_shown = desk.takeable_of(waiting, [])
    assert desk.takeable_stages(waiting, none_shown) == [Stage.FIRST, Stage.SECOND]
    assert desk.takeable_stages({}, {}) == []
    assert "Take next" not in client_of(cast.auditor).get(reverse(QUEUE)).content.decode()


def test_nobody_is_offered_their_own_first_review_as_second(cast: Cast) -> None:
    make_gallery(cast.force, 2)
    decision = decision_on(searched_offender(cast.loss_prevention, cast.campaign))
    review_as(decision, Stage.FIRST, cast.second_reviewer, Outcome.NO_MATCH)
    assert not any(offered(cast.second_reviewer, [decision]).values())
    assert desk.first_of(cast.second_reviewer) is None
    take = reverse("police:decision-take", args=[decision.uid])
    text = client_of(cast.second_reviewer).post(take, follow=True).content.decode()
    assert "it needs somebody else" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {0, 1, 2, 3}),
        ("?view=decided", {4}),
        ("?view=disagreements", {3}),
        ("?view=unassigned&offence=theft", {0}),
        ("?offence=robbery", set()),
        ("?band=high", set()),
        ("?band=normal", {0, 1, 2, 3}),
    ],
)
def test_the_filter_is_in_the_address(
    cast: Cast, offenders: list[Decision], query: str, expected: set[int]
) -> None:
    rows = client_of(cast.supervisor).get(reverse(QUEUE) + query).context["rows"]
    assert {row.pk for row in rows} == {offenders[n].pk for n in expected}


def test_by_campaign_and_by_violence(cast: Cast, offenders: list[Decision]) -> None:
    client = client_of(cast.supervisor)
    another = make_campaign(cast.supervisor, [cast.retailer], name="Spring campaign")
    spring = decision_on(searched_offender(cast.loss_prevention, another, violence=True))
    assert client.get(reverse(QUEUE), {"campaign": str(another.uid)}).context["rows"] == [spring]
    assert client.get(reverse(QUEUE), {"flag": "violence"}).context["rows"] == [spring]
    text = client.get(reverse(QUEUE)).content.decode()
    assert "Spring campaign" in text
    assert cast.retailer.name not in text
    assert cast.store.name not in text


def test_first_things_first_and_the_page_says_why(cast: Cast) -> None:
    today = timezone.localdate()
    reports: dict[str, dict[str, Any]] = {
        "plain": {},
        "loss": {"value": Decimal("640.00")},
        "footage": {"footage_until": today + timedelta(days=5)},
        "overwritten": {"footage_until": today - timedelta(days=1)},
        "violence": {"violence": True, "threats": True, "weapon": "a knife"},
        "old": {"started_at": timezone.now() - timedelta(days=27), "ended_at": None},
    }
    made = {
        name: decision_on(searched_offender(cast.loss_prevention, cast.campaign, **report))
        for name, report in reports.items()
    }
    Decision.objects.filter(pk=made["plain"].pk).update(
        entered_at=timezone.now() - timedelta(days=6, hours=1)
    )
    ordered = explained(by_priority(Decision.objects.all()))
    found = {one.pk: sum(part.points for part in parts_of(one)) for one in ordered}
    sums = {name: found[one.pk] for name, one in made.items()}
    assert sums == {"violence": 55, "old": 25, "footage": 18, "loss": 12, "plain": 12, "overwritten": 0}
    page = client_of(cast.facial_reviewer).get(reverse(QUEUE))
    assert '<span class="tag neutral">0</span>' in page.content.decode()
    listed = page.context["rows"]
    order = [next(name for name, one in made.items() if one.pk == row.pk) for row in listed]
    assert order == ["violence", "old", "footage", "plain", "loss", "overwritten"]
    assert [(part.name, part.points) for part in parts_of(listed[0])] == [("violence", 30), ("weapon", 25)]
    assert sum(part.points for part in parts_of(listed[4])) == 12
    first = desk.first_of(cast.facial_reviewer)
    assert first is not None
    assert first[1] == made["violence"]


def test_nonsense_in_the_address_is_harmless(cast: Cast, offenders: list[Decision]) -> None:
    client = client_of(cast.supervisor)
    for query in (
        "?view=x&campaign=y&flag=z&band=b&offence=o&page=w",
        "?page=99999",
        "?campaign=%00",
        "?view=decided&page=9",
    ):
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
