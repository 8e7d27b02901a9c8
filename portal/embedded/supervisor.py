"""Runs services as children, starts a dead one again, and leaves nobody behind."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from portal.embedded import process

FIRST_DELAY = 0.5  # seconds before a service that died is started again; doubles to LONGEST_DELAY
LONGEST_DELAY = 30.0
SETTLED_SECONDS = 30.0  # a service that lived this long starts again without the earlier delays
LOOK_SECONDS = 0.2
GRACE_SECONDS = 4.0


class Stopped(Exception):
    """The supervisor was asked to stop while something was still being started or loaded."""


@dataclass(frozen=True)
class Service:
    """One program to keep running. Output goes to NAME.log in the supervisor's log directory."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] | None = None
    ready: Callable[[], bool] | None = None
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL


@dataclass
class Running:
    """A service and its present process."""

    service: Service
    child: process.Child
    started: float
    delay: float = FIRST_DELAY
    start_again_at: float | None = None


@dataclass
class Supervisor:
    """Keeps services running until asked to stop. Not thread-safe: use it from the main thread only."""

    log_dir: Path
    announce: Callable[[str], None]
    running: dict[str, Running] = field(default_factory=dict)
    stopping: bool = False

    def start(self, service: Service, *, wait_seconds: float = 60.0) -> None:
        """Start a service and wait until it is ready. Raises Stopped, or TimeoutError, naming its log."""
        self.running[service.name] = Running(service, self._spawn(service), time.monotonic())
        deadline = time.monotonic() + wait_seconds
        while service.ready is not None and not service.ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{service.name} did not get ready: see {self._log(service)}")
            self.look()
            self.go_on()
            time.sleep(0.05)

    def go_on(self) -> None:
        """Raise Stopped if stop was asked for."""
        if self.stopping:
            raise Stopped

    def look(self) -> None:
        """Start again what has died, after a delay that doubles while it keeps dying."""
        now = time.monotonic()
        for entry in self.running.values():
            if entry.start_again_at is None and entry.child.poll() is not None:
                self._note_death(entry, now)
            elif entry.start_again_at is not None and now >= entry.start_again_at:
                entry.child, entry.started = self._spawn(entry.service), now
                entry.start_again_at = None

    def run(self) -> None:
        """Look after the services until stop is asked for by Ctrl-C, SIGTERM or `stopping`."""
        while not self.stopping:
            self.look()
            time.sleep(LOOK_SECONDS)

    def stop_on_signals(self) -> None:
        """Let SIGINT, SIGTERM and SIGHUP end `run`."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def stop(self) -> None:
        """Ask all services to stop, newest first, and kill what is left after a grace period."""
        entries = list(reversed(self.running.values()))
        for entry in entries:
            if entry.child.poll() is None:
                entry.child.send_signal(entry.service.stop_signal)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and any(entry.child.poll() is None for entry in entries):
            time.sleep(0.05)
        for entry in entries:
            process.stop(entry.child, grace=0)
        self.running.clear()

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _log(self, service: Service) -> Path:
        return self.log_dir / f"{service.name}.log"

    def _spawn(self, service: Service) -> process.Child:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with self._log(service).open("ab") as log:
            return process.start(
                service.command, env=service.env, output=log, death_signal=service.death_signal
            )

    def _note_death(self, entry: Running, now: float) -> None:
        # Its own children (pool workers, say) may have survived it and must not work beside their successors.
        process.signal_group(entry.child, signal.SIGKILL)
        if now - entry.started > SETTLED_SECONDS:
            entry.delay = FIRST_DELAY
        entry.start_again_at = now + entry.delay
        self.announce(
            f"{entry.service.name} ended ({entry.child.returncode}); starting it again in {entry.delay:g} s"
        )
        entry.delay = min(entry.delay * 2, LONGEST_DELAY)
