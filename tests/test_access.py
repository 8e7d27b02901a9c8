"""Every route of the resolver, by every role and by nobody, with every object that is not theirs.

A route without a declared audience fails; a new route with variable parts needs a line in tests/addresses.py.
"""

from collections.abc import Iterator
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.roles import RETAILER_ROLES, Role
from portal.api.models import Token
from portal.api.scopes import Scope
from tests.access import THIRD_PARTY, audience_of
from tests.addresses import NAMELESS, PARAMETERS, WITHOUT_OWNER, absent_address, address, is_known
from tests.cast import client_of
from tests.routes import Route, every_route
from tests.scene import Scene, Side

# Answers 403 or 404 to whom it is open: there is nothing to show in this scene.
EMPTY_HERE = {
    "mfa_view_recovery_codes", "mfa_download_recovery_codes", "mfa_reauthenticate", "mfa_deactivate_totp",
    "accounts:invitation-accept", r"api:^[\s\S]*$", "oversight:work-retry",
    "police:custody-picture",  # needs a reason given on its page first
}  # fmt: skip
# An administrator looks after every retailer: none is another tenant's to that role.
OF_ANY_RETAILER = {"accounts:organisation", "accounts:store-edit"}
ROUTES = every_route()
SHUT = {401, 403, 404, 405}
CHANGING = {"Set-Cookie", "Date", "Expires", "X-Request-ID", "RateLimit"}


def _is_endpoint(route: Route) -> bool:
    return hasattr(route.view, "cls")


def test_every_view_declares_its_audience() -> None:
    assert [r.name for r in ROUTES if r.audience is None and r.name not in THIRD_PARTY] == []
    assert len(ROUTES) > 60


def test_every_variable_part_has_an_object() -> None:
    assert [r.name for r in ROUTES if not is_known(r)] == []
    assert {*PARAMETERS, *WITHOUT_OWNER, *NAMELESS, *THIRD_PARTY} <= {r.name for r in ROUTES}, (
        "a line for a route that is gone"
    )


def test_route_names_are_unique() -> None:
    names = [r.name for r in ROUTES]
    assert sorted(names) == sorted(set(names))


class Visitor:
    """Somebody (or nobody) who calls routes; what a call changes is undone."""

    def __init__(self, user: User | None) -> None:
        self.user = user
        self.headers: dict[str, str] = {}
        self.cookies = SimpleCookie()
        if user is not None:
            self.cookies = client_of(user).cookies
            _, secret = Token.objects.create(
                user, expiry=timedelta(days=1), name="walk", made_by=user, scopes=list(Scope)
            )
            self.headers = {"Authorization": f"Bearer {secret}"}

    def call(self, route: Route, method: str, url: str) -> HttpResponse:
        """The answer to one request, a server's error included."""
        with transaction.atomic():
            client = Client(raise_request_exception=False)
            client.cookies = SimpleCookie({name: morsel.value for name, morsel in self.cookies.items()})
            headers = self.headers if _is_endpoint(route) else {}
            response: Any = getattr(client, method)(url, headers=headers)
            if response.streaming:
                whole = b"".join(response.streaming_content)
                response = HttpResponse(whole, status=response.status_code, headers=dict(response.items()))
            transaction.set_rollback(True)
        return response


def _methods(route: Route) -> list[str]:
    """GET and POST for every route; of an endpoint also what else it takes."""
    others = [name for name in ("put", "patch", "delete") if hasattr(getattr(route.view, "cls", None), name)]
    return ["get", "post", *others]


def _calls() -> Iterator[tuple[Route, str]]:
    for route in ROUTES:
        for method in _methods(route):
            yield route, method


def _sides(route: Route, scene: Scene) -> list[tuple[str, Side]]:
    return (
        [("own", scene.own), ("rival's", scene.rival), ("other's", scene.other)]
        if route.parameters
        else [("own", scene.own)]
    )


def _reachable(route: Route, side: Side) -> bool:
    """Whether the side has the object that the route names (a rival has no reviews)."""
    try:
        address(route, side)
    except AttributeError:
        return False
    return True


def _is_shut(route: Route, response: HttpResponse) -> bool:
    """What somebody without an account gets."""
    if _is_endpoint(route):
        return response.status_code == 401
    login = reverse(settings.LOGIN_URL)
    return response.status_code == 405 or (
        response.status_code == 302 and response["Location"].startswith(f"{login}?next=")
    )


def test_nobody_gets_in_without_an_account(scene: Scene) -> None:
    nobody, wrong = Visitor(None), []
    for route, method in _calls():
        for whose, side in _sides(route, scene):
            if not _reachable(route, side):
                continue
            answer = nobody.call(route, method, address(route, side))
            open_to_all = audience_of(route).anonymous
            if answer.status_code >= 500 or (not open_to_all and not _is_shut(route, answer)):
                wrong.append((route.name, method, whose, answer.status_code))
    assert wrong == []


def _seen(response: HttpResponse, own_url: str) -> tuple[Any, ...]:
    """All that an answer tells."""
    headers = {name: value for name, value in response.headers.items() if name not in CHANGING}
    return response.status_code, headers, response.content.replace(own_url.encode(), b"")


def _refused(visitor: Visitor, role: Role, scene: Scene) -> Iterator[tuple[Any, ...]]:
    """Routes for others that do not refuse this role, whatever object is asked for."""
    refusals = {403, 405} if role in RETAILER_ROLES else {401, 403, 405}  # no token acts for an officer
    for route, method in _calls():
        for whose, side in _sides(route, scene) if role not in audience_of(route).roles else ():
            if _reachable(route, side):
                status = visitor.call(route, method, address(route, side)).status_code
                if status not in refusals:
                    yield "not refused", route.name, method, whose, status


def _answered(visitor: Visitor, role: Role, scene: Scene) -> Iterator[tuple[Any, ...]]:
    """Routes for this role that break, or refuse it."""
    for route, method in _calls():
        if role in audience_of(route).roles:
            status = visitor.call(route, method, address(route, scene.own)).status_code
            plain = not route.parameters and route.name not in EMPTY_HERE
            if status >= 500 or (plain and status in {401, 403, 404}):
                yield "not answered", route.name, method, status


def _told_apart(visitor: Visitor, role: Role, scene: Scene) -> Iterator[tuple[Any, ...]]:
    """Routes for this role that answer another tenant's object in another way than an absent one."""
    others = [scene.rival, scene.other] if role in RETAILER_ROLES else [scene.other]
    for route, method in _calls():
        if route.name not in PARAMETERS or role not in audience_of(route).roles:
            continue
        if role == Role.ADMINISTRATOR and route.name in OF_ANY_RETAILER:
            continue
        for side in others:
            if not _reachable(route, side) or address(route, side) == address(route, scene.own):
                continue
            there, nowhere = address(route, side), absent_address(route, side)
            foreign = _seen(visitor.call(route, method, there), there)
            absent = _seen(visitor.call(route, method, nowhere), nowhere)
            if foreign[0] not in {404, 405} or foreign != absent:
                yield "told apart", route.name, method, foreign[0], absent[0]


@pytest.mark.parametrize("role", sorted(Role))
def test_every_route_answers_each_role_as_declared(scene: Scene, role: Role) -> None:
    visitor = Visitor(scene.cast.by_role[role])
    assert [*_refused(visitor, role, scene)] == []
    assert [*_answered(visitor, role, scene)] == []
    assert [*_told_apart(visitor, role, scene)] == []


def test_every_object_is_open_to_somebody(scene: Scene) -> None:
    """Or the walk of other tenants' objects would prove nothing."""
    visitors = {role: Visitor(user) for role, user in scene.cast.by_role.items()}
    closed = []
    for route in ROUTES:
        if route.name not in PARAMETERS or route.name in EMPTY_HERE:
            continue
        calls = [(visitors[role], method) for role in audience_of(route).roles for method in _methods(route)]
        url = address(route, scene.own)
        if all(visitor.call(route, method, url).status_code in SHUT for visitor, method in calls):
            closed.append(route.name)
    assert closed == []
