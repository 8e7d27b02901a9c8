"""What officers ask, over the API."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.questions.actions import Asked, ask
from portal.questions.models import Question
from portal.questions.states import Kind
from portal.submissions.actions import move_campaign
from portal.submissions.states import CampaignState
from tests.api.conftest import Program
from tests.api.test_authentication import refused
from tests.cast import Cast, picture, searched_offender


def asked(cast: Cast, kind: Kind = Kind.STATEMENT) -> Question:
    """A question about an offender of the program's retailer."""
    offender = searched_offender(cast.loss_prevention, cast.campaign)
    due = timezone.localdate() + timedelta(days=5)
    return ask(offender, Asked(kind, "Please send it.", due), by=cast.facial_reviewer)


def test_questions_are_listed_without_who_asked(cast: Cast, program: Program, neighbour: Program) -> None:
    question = asked(cast)
    answer = program.get(f"questions/?state=open&offender={question.offender.uid}")
    (row,) = answer.json()["results"]
    assert (row["uid"], row["kind"], row["text"]) == (str(question.uid), "statement", "Please send it.")
    for name in ("Robin", "Vale", "asked_by", "robin"):
        assert name not in answer.content.decode()
    assert program.get("questions/?state=answered").json()["results"] == []
    assert neighbour.get("questions/").json()["results"] == []
    refused(neighbour.get(f"questions/{question.uid}/"), 404, "not_found")


def test_a_better_still_is_sent_and_named_in_the_answer(cast: Cast, program: Program) -> None:
    question = asked(cast, Kind.BETTER_STILL)
    move_campaign(cast.campaign, CampaignState.CLOSED, by=cast.supervisor)
    still = program.send(f"questions/{question.uid}/stills/", picture(77)).json()
    given = {"provided": True, "stills": [still["uid"]]}
    path = f"questions/{question.uid}/answer/"
    answered = program.post(path, given, **{"Idempotency-Key": "a1"})
    assert (answered.json()["state"], answered.json()["stills"]) == ("answered", [still["uid"]])
    assert program.post(path, given, **{"Idempotency-Key": "a1"}).json() == answered.json()
    refused(program.post(path, given), 409, "already_settled")
    refused(program.send(f"questions/{question.uid}/stills/", picture(78)), 409, "already_settled")


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"provided": False}, 409, "no_reason"),
        ({"provided": True}, 409, "no_still"),
        ({"provided": True, "stills": [str(uuid4())]}, 400, "invalid"),
        ({}, 400, "invalid"),
    ],
)
def test_answers_that_are_none(
    cast: Cast, program: Program, given: dict[str, Any], status: int, code: str
) -> None:
    question = asked(cast, Kind.BETTER_STILL)
    problem = refused(program.post(f"questions/{question.uid}/answer/", given), status, code)
    assert problem["errors"][0]["field"]
    question.refresh_from_db()
    assert question.is_open


def test_a_statement_is_sent_before_the_answer(cast: Cast, program: Program, neighbour: Program) -> None:
    question = asked(cast)
    path = f"questions/{question.uid}/documents/"
    first = program.send(path, b"%PDF-1.7 statement", name="statement.pdf")
    assert (first.status_code, first.json()["format"], first.json()["bytes"]) == (201, "PDF", 18)
    assert program.send(path, b"%PDF-1.7 statement", name="statement.pdf").status_code == 200
    refused(program.send(path, b"GIF89a"), 409, "document_type")
    assert neighbour.send(path, b"%PDF-1.7").status_code == 404
    answer = program.post(f"questions/{question.uid}/answer/", {"provided": True}).json()
    assert [one["sha256"] for one in answer["documents"]] == [first.json()["sha256"]]
    refused(program.send(path, b"%PDF-1.7 more"), 409, "already_settled")
