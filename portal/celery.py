"""The Celery application, the project's one task decorator, and sending tasks by name.

The database is the truth about work: a message only carries ids and only says "look now".
Losing every message costs a few seconds, until the sweeper sends them again (portal.work).
"""

import os
from collections.abc import Callable
from typing import Any

import structlog
from celery import Celery, Task
from django.db import transaction
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("stillmatch")
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = structlog.get_logger(__name__)

INTERACTIVE = "interactive"
BULK = "bulk"
MAINTENANCE = "maintenance"
OUTGOING = "outgoing"  # what waits for other people's machines: never before a still


def task(
    name: str, *, queue: str, soft_seconds: int = 30, hard_seconds: int = 45
) -> Callable[[Callable[..., Any]], Task]:
    """The only way to declare a task: acked late, bounded in time, on a named queue.

    A task must be safe to run twice and takes primitive keyword arguments only. Retries are not
    Celery's: an attempt that ends badly is counted on its row and sent again by the sweeper.
    """
    app.conf.task_routes = {**(app.conf.task_routes or {}), name: {"queue": queue}}
    return app.task(
        name=name,
        acks_late=True,
        reject_on_worker_lost=False,
        ignore_result=True,
        soft_time_limit=soft_seconds,
        time_limit=hard_seconds,
        max_retries=0,
    )


def send(name: str, *, queue: str, **arguments: int | str) -> bool:
    """Send one task now; False (and a log line) where the broker cannot be reached."""
    try:
        app.send_task(name, kwargs=arguments, queue=queue, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("broker_unreachable", task=name, error=str(error), **arguments)
        return False
    return True


def send_on_commit(name: str, *, queue: str, **arguments: int | str) -> None:
    """Send a task once the current transaction has committed; never fails the request."""
    transaction.on_commit(lambda: send(name, queue=queue, **arguments))
