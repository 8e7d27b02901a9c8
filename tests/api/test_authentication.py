"""Who may call, and what a token is."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.accounts.actions import set_active
from portal.api.actions import make_token, revoke_token
from portal.api.models import Token
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.api.conftest import Program, program_of
from tests.cast import Cast, client_of


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer is."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) == {"type", "title", "status", "code", "detail", "errors"}
    assert (problem["code"], problem["status"]) == (code, status)
    return problem


def test_without_a_token_nothing(cast: Cast) -> None:
    answer = Client().get("/api/v1/campaigns/")
    refused(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Bearer a b", "Token x", "Bearer \xff\xfe"])
def test_a_bad_header(cast: Cast, header: str) -> None:
    answer = Client().get("/api/v1/campaigns/", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


def test_a_browser_session_is_no_token(cast: Cast) -> None:
    assert client_of(cast.loss_prevention).get("/api/v1/campaigns/").status_code == 401


def test_the_secret_is_not_stored(cast: Cast) -> None:
    token, secret = make_token(cast.loss_prevention, name="x", days=1, by=cast.retailer_manager)
    stored = Token.objects.values().get(pk=token.pk)
    assert secret not in str(stored)
    assert secret[:20] not in str(list(Entry.objects.values()))


def test_an_expired_token_is_refused_and_stays_listed(cast: Cast) -> None:
    program = program_of(cast.loss_prevention, days=2)
    assert program.get("campaigns/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        refused(program.get("campaigns/"), 401, "authentication_failed")
    assert Token.objects.count() == 1


def test_a_revoked_token_is_refused(cast: Cast) -> None:
    token, secret = make_token(cast.loss_prevention, name="x", days=1, by=cast.retailer_manager)
    revoke_token(token, by=cast.retailer_manager)
    refused(Program(secret).get("campaigns/"), 401, "authentication_failed")
    tags = Entry.objects.filter(subject_id=str(token.uid)).values_list("tag", flat=True)
    assert list(tags) == [Tag.TOKEN_MADE, Tag.TOKEN_REVOKED]


def test_a_switched_off_account_is_out(cast: Cast, program: Program) -> None:
    set_active(cast.loss_prevention, False, by=cast.retailer_manager)
    refused(program.get("campaigns/"), 401, "authentication_failed")


def test_a_police_account_is_no_retailer(cast: Cast) -> None:
    refused(program_of(cast.supervisor).get("campaigns/"), 401, "authentication_failed")


def test_first_use_of_a_day_is_logged_once(cast: Cast, program: Program) -> None:
    for _ in range(3):
        program.get("campaigns/")
    assert Entry.objects.filter(tag=Tag.TOKEN_USED).count() == 1


def test_too_many_requests(cast: Cast, program: Program, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    with time_machine.travel(timezone.now().replace(second=20), tick=False):
        answers = [program.get("stores/") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        refused(answers[-1], 429, "throttled")
        assert 0 < int(answers[-1]["Retry-After"]) <= 60
        assert program_of(cast.team_mate).get("stores/").status_code == 200
