"""The dashboard's numbers, and finding offenders by what became of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.reviews.states import Outcome
from portal.submissions.models import Offender
from tests.api.conftest import Program
from tests.api.test_authentication import refused
from tests.cast import Cast, decide, make_gallery, make_offender, searched_offender


def test_numbers_by_status(cast: Cast, program: Program, neighbour: Program) -> None:
    make_gallery(cast.force, 3)
    decide(searched_offender(cast.loss_prevention, cast.campaign, value="10.50"), Outcome.NO_MATCH, cast)
    searched_offender(cast.loss_prevention, cast.campaign, value="5")
    make_offender(cast.loss_prevention, cast.campaign, store=cast.second_store)
    figures = program.get("figures/").json()
    assert (figures["offenders"], figures["searched"], figures["decided"]) == (3, 2, 1)
    assert (figures["value"], figures["declared"]) == ("15.50", 3)
    assert figures["hours_to_outcome"] >= 0
    rows = {row["code"]: (row["offenders"], row["value"]) for row in figures["by_status"]}
    assert rows == {"no_match": (1, "10.50"), "searched": (1, "5.00"), "needs_still": (1, None)}
    assert program.get(f"figures/?store={cast.second_store.uid}").json()["offenders"] == 1
    assert neighbour.get("figures/").json()["offenders"] == 0
    refused(program.get("figures/?limit=3"), 400, "invalid")


def test_offenders_are_found_by_state_store_campaign_and_time(cast: Cast, program: Program) -> None:
    searched = searched_offender(cast.loss_prevention, cast.campaign)
    other = make_offender(cast.loss_prevention, cast.campaign, store=cast.second_store)
    later = (timezone.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def found(query: str) -> list[str]:
        return [row["uid"] for row in program.get(f"offenders/?{query}").json()["results"]]

    assert found("state=searched") == [str(searched.uid)]
    assert found(f"store={cast.second_store.uid}") == [str(other.uid)]
    assert len(found(f"campaign={cast.campaign.uid}&since=2020-01-01T00:00:00Z")) == 2
    assert found(f"since={later}") == []
    refused(program.get("offenders/?state=guilty"), 400, "invalid")


@pytest.mark.parametrize("ordering", ["rank", "-rank", "created_at", "-created_at", "since", "-since"])
def test_every_order_can_be_walked_in_parts(cast: Cast, program: Program, ordering: str) -> None:
    for _ in range(5):
        make_offender(cast.loss_prevention, cast.campaign)
    for seed in range(2):
        Offender.objects.filter(rank=seed + 2).update(rank=None, declared_at=None, declared_by=None)
    whole = program.get(f"offenders/?ordering={ordering}").json()
    walked, path = [], f"offenders/?ordering={ordering}&limit=2"
    while path:
        part = program.get(path).json()
        walked += part["results"]
        path = (part["next"] or "").partition("/api/v1/")[2]
    assert whole["next"] is None
    assert [row["uid"] for row in walked] == [row["uid"] for row in whole["results"]]
    assert len(walked) == 5


@pytest.mark.parametrize("cursor", ["x", "W10=", "WyJwayIsMSwxXQ==", "bnVsbA==", "ü", "WyJwbGFjZSIsIngiLDFd"])
def test_a_cursor_of_something_else(program: Program, cursor: str) -> None:
    refused(program.get("offenders/") and program.get(f"offenders/?cursor={cursor}"), 400, "invalid")


def test_a_row_that_goes_meanwhile_hides_no_other(cast: Cast, program: Program) -> None:
    rows = [make_offender(cast.loss_prevention, cast.campaign, declared=False) for _ in range(4)]
    first = program.get("offenders/?limit=2").json()
    rows[0].delete()
    second = program.get(first["next"].partition("/api/v1/")[2]).json()
    assert [row["uid"] for row in second["results"]] == [str(one.uid) for one in rows[2:]]


def test_figures_cost_the_same_at_any_size(
    cast: Cast, program: Program, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(2):
        for _ in range(5):
            searched_offender(cast.loss_prevention, cast.campaign)
        program.get("figures/")
        with django_assert_max_num_queries(10):
            program.get("figures/")
