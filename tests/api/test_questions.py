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
