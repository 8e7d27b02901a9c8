"""The page where a manager makes tokens, and the API's description."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.roles import Role
from portal.api.actions import make_token
from portal.api.models import Token
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.api.conftest import Program
from tests.cast import Cast, client_of

TOKENS = "/api/v1/tokens/"


def test_only_a_retailers_manager_makes_tokens(cast: Cast) -> None:
    for role, user in cast.by_role.items():
        expected = 200 if role == Role.RETAILER_MANAGER else 403
        assert client_of(user).get(reverse("api:tokens")).status_code == expected, role


def test_a_token_is_shown_once_and_works(cast: Cast) -> None:
    client = client_of(cast.retailer_manager)
    given = {
        "name": "case system",
        "account": cast.loss_prevention.pk,
        "days": 30,
        "scopes": ["submissions:read"],
    }
    answer = client.post(TOKENS, given)
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    token = Token.objects.get()
    assert token.user == cast.loss_prevention
    assert token.expiry is not None
    assert timedelta(days=29) < token.expiry - timezone.now() < timedelta(days=31)
    assert secret not in client.get(TOKENS).content.decode()
    assert Program(secret).get("stores/").status_code == 200
    assert Entry.objects.get(tag=Tag.TOKEN_MADE).actor_id == cast.retailer_manager.pk


@pytest.mark.parametrize("wrong", [{"name": ""}, {"days": "9999"}, {"account": ""}])
def test_a_wrong_form_makes_none(cast: Cast, wrong: dict[str, str]) -> None:
    given = {
        "name": "x",
        "account": cast.loss_prevention.pk,
        "days": 30,
        "scopes": ["submissions:read"],
        **wrong,
    }
    answer = client_of(cast.retailer_manager).post(TOKENS, given)
    assert "There is a problem" in answer.content.decode()
    assert not Token.objects.exists()


def test_no_token_for_another_organisations_account(cast: Cast) -> None:
    client = client_of(cast.retailer_manager)
    for stranger in (cast.neighbour, cast.supervisor):
        client.post(TOKENS, {"name": "x", "account": stranger.pk, "days": 30, "scopes": ["submissions:read"]})
    assert not Token.objects.exists()


def test_a_token_is_revoked_by_its_own_manager_only(cast: Cast) -> None:
    theirs, _ = make_token(cast.neighbour, name="theirs", days=1, by=cast.neighbour)
    ours, secret = make_token(cast.loss_prevention, name="ours", days=1, by=cast.retailer_manager)
    client = client_of(cast.retailer_manager)
    assert client.post(reverse("api:token-revoke", args=[theirs.uid])).status_code == 404
    answer = client.post(reverse("api:token-revoke", args=[ours.uid]), follow=True)
    assert "no longer works" in answer.content.decode()
    assert Program(secret).get("stores/").status_code == 401
    assert Token.objects.get() == theirs


def test_the_description_names_every_operation(db: None) -> None:
    text = Client().get(reverse("api:docs")).content.decode()
    schema = Client().get(reverse("api:schema")).json()
    assert len(schema["paths"]) >= 13
    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in text


def test_an_address_that_is_none(db: None) -> None:
    for method in ("get", "post", "delete", "options"):
        answer = getattr(Client(), method)("/api/v1/offenders")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
