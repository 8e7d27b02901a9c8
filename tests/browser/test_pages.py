"""Every page of the service in Chromium: axe, overflow, CSP, at 360 and 1280 px, light and dark.

STILLMATCH_SCREENSHOTS=DIR keeps a picture of each.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import User
from portal.accounts.roles import Role
from tests.access import audience_of
from tests.addresses import address, is_known
from tests.browsing import faults_of
from tests.cast import browser_cookie, client_of
from tests.routes import Route, every_route
from tests.scene import Scene

pytestmark = pytest.mark.browser
LOOKS = [(width, scheme) for width in (360, 1280) for scheme in ("light", "dark")]
Visit = tuple[str, str, User | None]


def _is_page(client: Client, url: str) -> bool:
    answer = client.get(url)
    return answer.status_code == 200 and answer["Content-Type"].startswith("text/html")


def _visits(scene: Scene) -> Iterator[Visit]:
    """Every page with the first person who may see it; pages that are parts of pages are left out."""
    people: list[User | None] = [None, *scene.cast.by_role.values()]
    clients = {user: client_of(user) if user else Client() for user in people}
    for route in every_route():
        if hasattr(route.view, "cls") or route.name.endswith("-live") or not is_known(route):
            continue
        url = address(route, scene.own)
        for user in people:
            if _may_open(route, user) and _is_page(clients[user], url):
                yield route.name, url, user
                break


def _may_open(route: Route, user: User | None) -> bool:
    audience = audience_of(route)
    return audience.anonymous if user is None else Role(user.role) in audience.roles


def _keep(page: Page, name: str, width: int, scheme: str) -> None:
    if directory := os.environ.get("STILLMATCH_SCREENSHOTS"):
        path = Path(directory) / f"{name.replace(':', '_')}-{width}-{scheme}.png"
        page.screenshot(path=path, full_page=True)


def _looked_at(page: Page, name: str) -> Iterator[str]:
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for fault in faults_of(page):
            yield f"{name} at {width} px, {scheme}: {fault}"
        _keep(page, name, width, scheme)


def test_every_page_is_accessible_and_fits_the_window(
    transactional_db: None, live_server: LiveServer, scene: Scene, page: Page
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    faults: list[str] = []
    visits = list(_visits(scene))
    for name, url, user in visits:
        page.context.clear_cookies()
        if user is not None:
            page.context.add_cookies([_cookie(user, live_server)])
        answer = page.goto(f"{live_server.url}{url}")
        assert answer is not None
        if answer.status != 200:
            faults.append(f"{name}: {answer.status}")
            continue
        faults += _looked_at(page, name)
        faults += [f"{name}: {one}" for one in complaints]
        complaints.clear()
    assert faults == []
    assert len(visits) > 40


def _cookie(user: User, live_server: LiveServer) -> Any:
    return browser_cookie(user, live_server.url)
