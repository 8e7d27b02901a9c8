"""`manage.py demo`: the whole service on this machine, with a force and retailers that do not exist."""

import fcntl
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal import conf
from portal.celery import app
from portal.demo import data, people
from portal.demo.calibration import calibrate_demo
from portal.embedded import stack
from portal.embedded.redis_server import EmbeddedRedis
from portal.embedded.supervisor import Stopped, Supervisor

DEFAULT_PORT = 8000


@contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """Hold the state directory; CommandError where another demo does."""
    with (state_dir / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(f"A demo is running on {state_dir} already.") from error
        yield


class Command(BaseCommand):
    """Start everything, load the synthetic data, say where to log in, run until Ctrl-C."""

    help = "Run the service on embedded defaults with synthetic data, until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and how much to load."""
        parser.add_argument("--port", type=int, help=f"default: {DEFAULT_PORT}, or the next free one")
        parser.add_argument(
            "--processes", type=int, default=min(2, os.cpu_count() or 1), help="matching workers"
        )
        parser.add_argument("--retailers", type=int, default=data.RETAILERS)
        parser.add_argument("--offenders", type=int, default=data.OFFENDERS, help="per retailer")
        parser.add_argument("--gallery", type=int, default=data.GALLERY, help="custody subjects")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped."""
        if not settings.EMBEDDED:
            raise CommandError("The demo runs on embedded defaults only: unset SECRET_KEY and the rest.")
        os.umask(0o077)  # pictures, templates and keys are nobody else's on this machine
        state_dir = conf.state_dir()
        supervisor = Supervisor(log_dir=state_dir / "log", announce=self.say)
        supervisor.stop_on_signals()
        with only_one(state_dir):
            try:
                self._run(supervisor, state_dir, options)
            except Stopped:
                self.say("Stopped before all was loaded; the next demo goes on from here.")
            except TimeoutError as error:
                raise CommandError(str(error)) from error
            finally:
                supervisor.stop()

    def say(self, line: str) -> None:
        """One line on the terminal, at once."""
        self.stdout.write(line)
        self.stdout.flush()

    def _run(self, supervisor: Supervisor, state_dir: Path, options: dict[str, Any]) -> None:
        redis = EmbeddedRedis(state_dir)
        app.conf.broker_url = redis.broker_url
        supervisor.start(stack.redis_service(redis))
        self.say("Preparing the database …")
        for command in ("migrate", "createcachetable", "collectstatic"):
            call_command(
                command, verbosity=0, **({"interactive": False} if command != "createcachetable" else {})
            )
        port = options["port"] or stack.free_port(DEFAULT_PORT)
        env = stack.environment(state_dir, redis)
        for service in stack.worker_services(env, processes=options["processes"]):
            supervisor.start(service)
        supervisor.start(stack.web_service(env, port=port))
        size = data.Size(options["retailers"], options["offenders"], options["gallery"])
        progress = self._progress(supervisor)
        campaign = data.prepare()
        data.load_gallery(size, progress)
        self._welcome(port, state_dir)
        data.load_submissions(size, campaign, progress)
        calibrate_demo(size, progress)
        self.say("All is loaded.")
        supervisor.run()

    def _progress(self, supervisor: Supervisor) -> data.Progress:
        def progress(line: str = "") -> None:
            supervisor.look()
            supervisor.go_on()
            if line:
                self.say(line)

        return progress

    def _welcome(self, port: int, state_dir: Path) -> None:
        self.say(
            f"\nStillmatch is at http://127.0.0.1:{port}/   (logs: {state_dir / 'log'}; Ctrl-C stops it)\n"
        )
        for person in people.CAST:
            self.say(f"  {person.role.label:22} {person.email:36} {people.PASSWORD}")
        self.say("\nPolice accounts ask for a code as well:  ./run code EMAIL\n")
