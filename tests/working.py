"""Real Celery workers on the test database."""

import os
import sys
import time
from collections.abc import Callable
from typing import Self

from django.conf import settings

from portal.embedded import process
from tests.settings import STATE

START_SECONDS = 60.0
READY_LINE = b" ready."


def service_environment(database: str) -> dict[str, str]:
    """What a program of the service needs to work beside this test process."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": f"postgresql:///{database}?host={STATE / 'postgres'}&user=stillmatch",
        "REDIS_URL": settings.REDIS_URL,
        "STILLMATCH_STATE_DIR": str(STATE),
    }


def wait_until(
    condition: Callable[[], object], *, seconds: float = 60.0, what: str = "the condition"
) -> None:
    """Wait until `condition()` is true; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds:g} s"
        time.sleep(0.05)


class WorkerProcess:
    """`celery worker` in a session of its own, with beat inside if asked."""

    def __init__(self, env: dict[str, str], *, concurrency: int, beat: bool) -> None:
        self.env = env
        self.log = STATE / f"worker-{time.monotonic_ns()}.log"
        options = [
            "--loglevel",
            "INFO",
            "--concurrency",
            str(concurrency),
            "--without-gossip",
            "--without-mingle",
        ]
        schedule = ["--beat", "--schedule", str(self.log.with_suffix(".beat"))] if beat else []
        queues = ["-Q", "interactive,bulk,maintenance,outgoing"]
        self.command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "portal",
            "worker",
            *options,
            *queues,
            *schedule,
        ]
        self.child: process.Child | None = None

    def start(self) -> Self:
        """Start it and wait until it takes work."""
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self.child = process.start(self.command, env=self.env, output=output)
        wait_until(
            lambda: READY_LINE in self._output(before), seconds=START_SECONDS, what=f"the worker ({self.log})"
        )
        return self

    def ensure_running(self) -> Self:
        """Start it if it is not running."""
        return self if self.child is not None and self.child.poll() is None else self.start()

    def kill(self) -> None:
        """kill -9 of the worker and its pool."""
        if self.child is not None:
            process.signal_group(self.child, 9)
            self.child.wait()

    def stop(self) -> None:
        """End it in good order."""
        if self.child is not None:
            process.stop(self.child, grace=2)

    def _output(self, start: int) -> bytes:
        assert self.child is not None
        text = self.log.read_bytes()[start:]
        assert self.child.poll() is None, f"the worker ended at once:\n{text.decode()[-2000:]}"
        return text
