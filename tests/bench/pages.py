"""Every page's server time and number of queries with tens of thousands of stills in PostgreSQL.

    ./run bench-pages                     50,000 stills
    STILLS=5000 ./run bench-pages         fewer

Fails, naming them, where a page takes longer than LIMIT_MS. Milliseconds are the median of TIMES requests by
Django's test client, in one process; they include the template and every query, not the network. A download
that is streamed is sent while it is read: what counts is its first part, and the whole is told beside it.
The crowd has no reviews behind its decisions: pages that read judgements are measured with the scene's few.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import pytest
import structlog
from django.db import connection
from django.template import Template
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

TIMES = 9
LIMIT_MS = 100


@dataclass(frozen=True)
class Measured:
    """One page for one role; `whole` is more than `milliseconds` only where the answer is streamed."""

    name: str
    role: str
    milliseconds: float
    whole: float
    queries: int

    def __str__(self) -> str:
        streamed = f"  (first part; the whole {self.whole:.0f} ms)" if self.whole > self.milliseconds else ""
        return f"{self.milliseconds:8.1f} ms {self.queries:4} queries  {self.name:<32} {self.role}{streamed}"


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
        answer.getvalue()
    if answer.status_code != 200 or not answer["Content-Type"].startswith(("text/html", "text/csv")):
        return None
    spent = [_spent(client, url) for _ in range(TIMES)]
    first, whole = (median(times) for times in zip(*spent, strict=True))
    return Measured(route.name, user.role, first, whole, len(asked))


def _spent(client: Client, url: str) -> tuple[float, float]:
    """Milliseconds to the first part of the answer, and to its end; the same unless it is streamed."""
    started = time.perf_counter()
    answer: Any = client.get(url)
    if not answer.streaming:
        whole = (time.perf_counter() - started) * 1000
        return whole, whole
    parts = iter(answer.streaming_content)
    next(parts, b"")
    first = (time.perf_counter() - started) * 1000
    deque(parts, maxlen=0)
    return first, (time.perf_counter() - started) * 1000


@pytest.mark.django_db(transaction=True)
def test_pages(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints the table, slowest first; the load of the machine before and after stands beside it."""
    # Test environments copy the context of every template rendered; the service does not.
    monkeypatch.setattr(Template, "_render", lambda self, context: self.nodelist.render(context))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)
    # The crowd's share of the cast's retailer stands beside what the scene made.
    crowd = fill(scene.cast, int(os.environ.get("STILLS", "50000")), list(CustodyImage.objects.all()))
    own = Submission.objects.filter(retailer=scene.cast.retailer).count()
    clients = {user: client_of(user) for user in scene.cast.by_role.values()}
    before = os.getloadavg()[0]
    found = [
        one
        for route, user, url in _pages(scene)
        if (one := _measured(clients[user], route, user, url)) is not None
    ]
    print(f"\n{crowd}; {own} submissions of the retailer that looks")
    for one in sorted(found, key=lambda one: -one.milliseconds):
        print(one)
    over = ", ".join(one.name for one in found if one.milliseconds > LIMIT_MS)
    loads = " and ".join(f"{load:.1f}" for load in (before, os.getloadavg()[0]))
    print(f"{len(found)} pages, {os.cpu_count()} cores, load {loads}; over {LIMIT_MS} ms: {over or 'none'}")
    assert len(found) > 40
    assert not over, f"over {LIMIT_MS} ms: {over}"
