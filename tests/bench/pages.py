"""Every page's server time and number of queries with tens of thousands of stills in PostgreSQL.

    ./run bench-pages                     50,000 stills
    STILLS=5000 ./run bench-pages         fewer

Not a test: nothing is asserted but that every page answers. Milliseconds are the least of five requests by
Django's test client, in one process; they include the template and every query, not the network.
"""

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from django.db import connection
from django.test import Client

from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.gallery.models import CustodyImage
from portal.submissions.models import Submission
from tests.access import audience_of
from tests.addresses import address, is_known
from tests.bench.crowd import fill
from tests.cast import client_of
from tests.routes import Route, every_route
from tests.scene import Scene

TIMES = 5


@dataclass(frozen=True)
class Measured:
    """One page for one role."""

    name: str
    role: str
    milliseconds: float
    queries: int


def _pages(scene: Scene) -> Iterator[tuple[Route, User, str]]:
    for route in every_route():
        if hasattr(route.view, "cls") or not is_known(route) or audience_of(route).anonymous:
            continue
        roles = audience_of(route).roles
        user = next((one for one in scene.cast.by_role.values() if Role(one.role) in roles), None)
        if user is not None:
            yield route, user, address(route, scene.own)


def _measured(client: Client, route: Route, user: User, url: str) -> Measured | None:
    asked: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        answer = client.get(url)
    if answer.status_code != 200 or not answer["Content-Type"].startswith(("text/html", "text/csv")):
        return None
    spent = []
    for _ in range(TIMES):
        started = time.perf_counter()
        client.get(url)
        spent.append((time.perf_counter() - started) * 1000)
    return Measured(route.name, user.role, min(spent), len(asked))


@pytest.mark.django_db(transaction=True)
def test_pages(scene: Scene) -> None:
    """Prints the table, slowest first."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)
    # The crowd's share of the cast's retailer stands beside what the scene made.
    crowd = fill(scene.cast, int(os.environ.get("STILLS", "50000")), list(CustodyImage.objects.all()))
    own = Submission.objects.filter(retailer=scene.cast.retailer).count()
    clients = {user: client_of(user) for user in scene.cast.by_role.values()}
    found = [
        one
        for route, user, url in _pages(scene)
        if (one := _measured(clients[user], route, user, url)) is not None
    ]
    print(f"\n{crowd}; {own} submissions of the retailer that looks")
    for one in sorted(found, key=lambda one: -one.milliseconds):
        print(f"{one.milliseconds:8.1f} ms {one.queries:4} queries  {one.name:<32} {one.role}")
    over = [one.name for one in found if one.milliseconds > 100]
    print(f"{len(found)} pages; over 100 ms: {', '.join(over) or 'none'}")
    assert len(found) > 40
