"""A token does what it was made for and nothing else: every operation of the resolver × every scope."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from portal.api.models import Token
from portal.api.schema import document
from portal.api.scopes import LEAST, Scope
from tests.addresses import address
from tests.api.conftest import ROOT, program_of
from tests.api.test_authentication import refused
from tests.cast import Cast, client_of
from tests.routes import Route, every_route
from tests.scene import Scene

METHODS = ("get", "post", "put", "patch", "delete", "head")
ENDPOINTS = [one for one in every_route() if hasattr(one.view, "cls") and not one.audience.anonymous]  # type: ignore[union-attr]


def operations() -> list[tuple[Route, str]]:
    """Every method of every endpoint that needs a token."""
    return [(one, method) for one in ENDPOINTS for method in METHODS if hasattr(one.view.cls, method)]  # type: ignore[attr-defined]


def declared(route: Route, method: str) -> Scope | None:
    """The scope on the operation."""
    return getattr(getattr(route.view.cls, method), "scope", None)  # type: ignore[attr-defined]


def test_every_operation_declares_a_scope_and_the_document_names_it() -> None:
    assert [(one.name, method) for one, method in operations() if declared(one, method) is None] == []
    assert len(operations()) >= 16
    for methods in document()["paths"].values():
        for operation in methods.values():
            assert operation["x-scope"] in Scope.values


def test_reading_needs_no_scope_to_write() -> None:
    for route, method in operations():
        scope = declared(route, method)
        assert scope is not None
        assert scope.endswith(":read") == (method in ("get", "head")), (route.name, method)


@pytest.mark.parametrize("scope", sorted(Scope))
def test_a_token_of_one_scope(scene: Scene, scope: Scope) -> None:
    """403 that names the missing scope for every other operation; its own are let through."""
    program, wrong = program_of(scene.cast.loss_prevention, scopes=[scope]), []
    for route, method in operations():
        needed = declared(route, method)
        with transaction.atomic():
            answer = program.call(method, address(route, scene.own).removeprefix(f"{ROOT}/"))
            transaction.set_rollback(True)
        if (answer.status_code == 403) != (needed != scope):
            wrong.append((route.name, method, answer.status_code))
        elif needed != scope and method != "head":
            problem = refused(answer, 403, "insufficient_scope")
            assert problem["errors"][0]["code"] == needed
            assert f'scope="{needed}"' in answer["WWW-Authenticate"]
    assert wrong == []


def test_a_token_without_scopes_opens_nothing(cast: Cast) -> None:
    refused(program_of(cast.loss_prevention, scopes=[]).get("campaigns/"), 403, "insufficient_scope")


def test_the_form_offers_the_least_and_gives_what_is_chosen(cast: Cast) -> None:
    client: Client = client_of(cast.retailer_manager)
    form = client.get(reverse("api:tokens")).context["form"]
    assert tuple(form["scopes"].value()) == LEAST == (Scope.SUBMISSIONS_READ,)
    given: dict[str, Any] = {"name": "x", "account": cast.loss_prevention.pk, "days": 30}
    assert "There is a problem" in client.post(reverse("api:tokens"), given).content.decode()
    refusing = client.post(reverse("api:tokens"), {**given, "scopes": ["custody:read"]})
    assert "There is a problem" in refusing.content.decode()
    assert not Token.objects.exists()
    client.post(reverse("api:tokens"), {**given, "scopes": [Scope.FIGURES_READ, Scope.QUESTIONS_READ]})
    assert Token.objects.get().scopes == ["figures:read", "questions:read"]
    assert "questions:read" in client.get(reverse("api:tokens")).content.decode()


def test_the_allowance_is_told(cast: Cast, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100
    answer = program_of(cast.loss_prevention).get("stores/")
    assert answer["RateLimit-Policy"] == '"token";q=100;w=60'
    assert answer["RateLimit"].startswith('"token";r=')
