"""Campaigns, submissions, offenders."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews.states import Outcome
from portal.submissions.actions import move_campaign
from portal.submissions.models import Offender, Submission
from portal.submissions.states import CampaignState
from tests.api.conftest import Program, program_of
from tests.api.test_authentication import refused
from tests.cast import Cast, decide, make_gallery, make_offender, make_still, searched_offender, submission_of


def started(program: Program, cast: Cast) -> str:
    """The uid of the program's submission."""
    answer = program.post("submissions/", {"campaign": str(cast.campaign.uid)})
    assert answer.status_code in (200, 201)
    return str(answer.json()["uid"])


def report(cast: Cast, **fields: Any) -> dict[str, Any]:
    """A report as a program sends it."""
    start = timezone.now() - timedelta(days=2)
    given = {
        "offence": "theft",
        "store": str(cast.store.uid),
        "started_at": start.isoformat(),
        "value": "12.50",
    }
    return {**given, **fields}


def test_campaigns_are_those_invited_to(cast: Cast, program: Program) -> None:
    answer = program.get("campaigns/").json()
    assert [(one["uid"], one["accepting"], one["submission"]) for one in answer["results"]] == [
        (str(cast.campaign.uid), True, None)
    ]
    assert program_of(cast.stranger).get("campaigns/").json()["results"] == []


def test_stores_are_the_retailers_own(cast: Cast, program: Program) -> None:
    names = [one["name"] for one in program.get("stores/").json()["results"]]
    assert names == ["High Street", "Station"]


def test_a_submission_is_started_once(cast: Cast, program: Program) -> None:
    first = program.post("submissions/", {"campaign": str(cast.campaign.uid)})
    again = program.post("submissions/", {"campaign": str(cast.campaign.uid)})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert program.get(f"submissions/{first.json()['uid']}/").json() == again.json()


def test_no_submission_without_an_invitation(cast: Cast) -> None:
    answer = program_of(cast.stranger).post("submissions/", {"campaign": str(cast.campaign.uid)})
    refused(answer, 404, "not_found")
    assert not Submission.objects.exists()


def test_an_offender_is_added_read_and_changed(cast: Cast, program: Program) -> None:
    submission = started(program, cast)
    made = program.post(f"submissions/{submission}/offenders/", report(cast, declaration=True))
    assert made.status_code == 201
    shown = program.get(made["Location"].removeprefix("/api/v1/")).json()
    assert shown == made.json()
    assert (shown["rank"], shown["value"], shown["store"]) == (1, "12.50", str(cast.store.uid))
    assert shown["status"]["code"] == "needs_still"
    changed = program.call("patch", f"offenders/{shown['uid']}/", {"goods": "razors", "quantity": 12})
    assert (changed.json()["goods"], changed.json()["quantity"]) == ("razors", 12)
    entry = Entry.objects.get(tag=Tag.OFFENDER_CHANGED)
    assert entry.details == {"fields": ["goods", "quantity"]}


def test_the_declaration_is_made_later(cast: Cast, program: Program) -> None:
    made = program.post(f"submissions/{started(program, cast)}/offenders/", report(cast)).json()
    assert made["declared_at"] is None
    too_early = program.call("put", f"offenders/{made['uid']}/declaration/")
    assert (too_early.status_code, too_early.json()["code"]) == (409, "still_missing")
    make_still(Offender.objects.get())
    declared = program.call("put", f"offenders/{made['uid']}/declaration/")
    assert declared.status_code == 200
    assert declared.json()["declared_at"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"offence": "murder"}, "offence"),
        ({"offence": None}, "offence"),
        ({"store": "9d4c5a8e-0000-4000-8000-000000000000"}, "store"),
        ({"started_at": "2099-01-01T00:00:00Z"}, "started_at"),
        ({"started_at": "0001-01-01T00:00:00+14:00"}, "started_at"),
        ({"ended_at": "2001-01-01T00:00:00Z"}, "ended_at"),
        ({"quantity": 2**40}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"offender_count": 0}, "offender_count"),
        ({"value": "NaN"}, "value"),
        ({"goods": "a\x00b"}, "goods"),
        ({"goods": "\ud800"}, "goods"),
        ({"method": "x" * 5001}, "method"),
    ],
)
def test_wrong_fields_are_named(cast: Cast, program: Program, fields: dict[str, Any], named: str) -> None:
    answer = program.post(f"submissions/{started(program, cast)}/offenders/", report(cast, **fields))
    problem = refused(answer, 400, "invalid")
    assert [error["field"] for error in problem["errors"]] == [named]
    assert not Offender.objects.exists()


def test_another_retailers_store_is_not_known(cast: Cast, program: Program) -> None:
    path = f"submissions/{started(program, cast)}/offenders/"
    theirs = program.post(path, report(cast, store=str(cast.other_store.uid)))
    absent = program.post(path, report(cast, store=str(uuid4())))
    assert theirs.status_code == 400
    hidden = theirs.content.replace(str(cast.other_store.uid).encode(), b"")
    assert hidden == absent.content.replace(
        absent.json()["errors"][0]["message"].split("=")[1][:36].encode(), b""
    )


def test_a_change_may_not_end_before_it_starts(cast: Cast, program: Program) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    answer = program.call("patch", f"offenders/{offender.uid}/", {"ended_at": "2001-01-01T00:00:00Z"})
    assert refused(answer, 400, "invalid")["errors"][0]["field"] == "ended_at"


@pytest.mark.parametrize("body", ["", "[]", "null", "{", "[" * 100_000, '{"offence": 1e999}', "NaN"])
def test_bodies_that_are_no_report(cast: Cast, program: Program, body: str) -> None:
    submission = started(program, cast)
    answer = program.post(f"submissions/{submission}/offenders/", body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_too_large_is_not_read(cast: Cast, program: Program) -> None:
    answer = program.post(f"submissions/{started(program, cast)}/offenders/", {"method": "x" * 300_000})
    refused(answer, 413, "request_too_large")


def test_the_31st_offender(cast: Cast, program: Program) -> None:
    for _ in range(30):
        make_offender(cast.loss_prevention, cast.campaign)
    answer = program.post(f"submissions/{started(program, cast)}/offenders/", report(cast))
    refused(answer, 409, "submission_full")


def test_after_the_campaign_closed(cast: Cast, program: Program) -> None:
    submission = started(program, cast)
    offender = make_offender(cast.loss_prevention, cast.campaign, declared=False)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    refused(program.post(f"submissions/{submission}/offenders/", report(cast)), 409, "campaign_closed")
    refused(program.call("patch", f"offenders/{offender.uid}/", {"goods": "x"}), 409, "campaign_closed")
    refused(program.call("put", f"offenders/{offender.uid}/declaration/"), 409, "campaign_closed")


@pytest.mark.parametrize("path", ["", "status/", "stills/", "declaration/"])
def test_anothers_offender_is_an_absent_one(cast: Cast, neighbour: Program, path: str) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign)
    method = "put" if path == "declaration/" else "get"
    theirs = neighbour.call(method, f"offenders/{offender.uid}/{path}")
    absent = neighbour.call(method, f"offenders/{uuid4()}/{path}")
    assert (theirs.status_code, theirs.content) == (404, absent.content)
    assert {**theirs.headers, "RateLimit": ""} == {**absent.headers, "RateLimit": ""}


def test_the_list_is_filtered_ordered_and_in_parts(cast: Cast, program: Program) -> None:
    for number in range(5):
        make_offender(cast.loss_prevention, cast.campaign, declared=number % 2 == 0)
    make_offender(cast.neighbour, cast.campaign)
    first = program.get("offenders/?limit=2&ordering=-rank").json()
    assert [one["rank"] for one in first["results"]] == [5, 4]
    second = program.get(first["next"].partition("/api/v1/")[2]).json()
    assert [one["rank"] for one in second["results"]] == [3, 2]
    assert len(program.get("offenders/?declared=false").json()["results"]) == 2
    submission = submission_of(cast.loss_prevention, cast.campaign).uid
    assert len(program.get(f"offenders/?submission={submission}&offence=theft").json()["results"]) == 5
    assert program.get("offenders/?offence=robbery").json()["results"] == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1000",
        "limit=x",
        "offset=0",
        "cursor=",
        "ordering=name",
        "state=x",
        "limit=1&limit=2",
    ],
)
def test_a_wrong_query_is_refused(program: Program, query: str) -> None:
    refused(program.get(f"offenders/?{query}"), 400, "invalid")


def test_queries_do_not_grow_with_the_list(
    cast: Cast, program: Program, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for count in (2, 12):
        for _ in range(count):
            make_still(make_offender(cast.loss_prevention, cast.campaign))
        program.get("offenders/")
        with django_assert_max_num_queries(16):
            assert program.get("offenders/").status_code == 200


def test_an_outcome_is_disclosed_once_and_nothing_of_custody_with_it(cast: Cast, program: Program) -> None:
    make_gallery(cast.force, 3)
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    waiting = program.get(f"offenders/{offender.uid}/status/").json()
    assert (waiting["code"], waiting["decided_at"]) == ("searched", None)
    assert not Entry.objects.filter(tag=Tag.STATUS_DISCLOSED).exists()
    decide(offender, Outcome.IDENTIFIED, cast)
    for path in (f"offenders/{offender.uid}/status/", "offenders/", f"offenders/{offender.uid}/"):
        text = program.get(path).content.decode()
        assert "Identified (as intelligence)" in text
        assert "Number" not in text
        assert "NM/" not in text
        assert "score" not in text
    entry = Entry.objects.get(tag=Tag.STATUS_DISCLOSED)
    assert (entry.subject_id, entry.details) == (str(offender.uid), {"outcome": "identified"})


# --- sent twice -----------------------------------------------------------------------------------
def test_an_idempotency_key_makes_one_offender(cast: Cast, program: Program, neighbour: Program) -> None:
    path, given = f"submissions/{started(program, cast)}/offenders/", report(cast)
    first = program.post(path, given, **{"Idempotency-Key": "night-7"})
    again = program.post(path, given, **{"Idempotency-Key": "night-7"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["uid"] == again.json()["uid"]
    other = program.post(path, report(cast, goods="gin"), **{"Idempotency-Key": "night-7"})
    refused(other, 422, "idempotency_key_reused")
    theirs = f"submissions/{started(neighbour, cast)}/offenders/"
    fresh = neighbour.post(theirs, {"offence": "theft"}, **{"Idempotency-Key": "night-7"})
    assert fresh.status_code == 201


def test_a_refused_report_does_not_spend_its_key(cast: Cast, program: Program) -> None:
    path = f"submissions/{started(program, cast)}/offenders/"
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    refused(program.post(path, report(cast), **{"Idempotency-Key": "k"}), 409, "campaign_closed")
    move_campaign(cast.campaign, CampaignState.OPEN, by=cast.supervisor)
    assert program.post(path, report(cast), **{"Idempotency-Key": "k"}).status_code == 201


def test_a_strange_key_is_refused(cast: Cast, program: Program) -> None:
    path = f"submissions/{started(program, cast)}/offenders/"
    for key in ("a b", "x" * 101, "ü"):
        refused(program.post(path, report(cast), **{"Idempotency-Key": key}), 400, "invalid")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_key_from_eight_threads_at_once(cast: Cast, program: Program) -> None:
    path, given = f"submissions/{started(program, cast)}/offenders/", report(cast)
    answers: list[int] = []

    def send() -> None:
        answers.append(program.post(path, given, **{"Idempotency-Key": "once"}).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 7 + [201]
    assert Offender.objects.count() == 1


def test_a_report_takes_the_clocks_of_its_store(cast: Cast, program: Program) -> None:
    cast.retailer.stores.update(clock_offset_minutes=7)
    make_offender(cast.loss_prevention, cast.campaign, store=cast.store, camera="C7", clock_offset_minutes=-3)
    make_offender(cast.neighbour, cast.campaign, store=cast.other_store, camera="C9", clock_offset_minutes=99)
    url = f"submissions/{started(program, cast)}/offenders/"
    given = report(cast)
    usual, camera, said = (
        program.post(url, given | more).json()
        for more in ({}, {"camera": "c7"}, {"camera": "C9", "clock_offset_minutes": 0})
    )
    assert [one["clock_offset_minutes"] for one in (usual, camera, said)] == [7, -3, 0]
    day = timezone.localdate(Offender.objects.get(uid=usual["uid"]).started_at) + timedelta(days=28)
    assert usual["footage_until"] == day.isoformat()
    later = program.post(url, {"offence": "theft"}).json()
    assert (later["clock_offset_minutes"], later["footage_until"]) == (0, None)
    kept = program.call("patch", f"offenders/{later['uid']}/", given | {"footage_until": "2027-01-31"}).json()
    assert (kept["clock_offset_minutes"], kept["footage_until"]) == (7, "2027-01-31")
    moved = program.call("patch", f"offenders/{later['uid']}/", {"store": str(cast.second_store.uid)}).json()
    assert moved["clock_offset_minutes"] == 7
