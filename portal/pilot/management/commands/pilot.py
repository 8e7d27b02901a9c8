"""The whole pilot through the running service: import, upload over HTTP, real workers, candidate lists.

It starts its own service on a free port with its own empty state and removes both at the end.
"""

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.engine import load_engine
from portal import conf
from portal.celery import app
from portal.embedded import process, stack
from portal.embedded.redis_server import EmbeddedRedis
from portal.embedded.supervisor import Stopped, Supervisor
from portal.engine import engine_settings
from portal.pilot import board, people, report, stage
from portal.pilot.upload import Retailer, upload_all

GRACE_SECONDS = 15.0
STAGE = "STILLMATCH_PILOT_STAGE"  # set in the process that works on the throw-away state
OUTSIDE = (
    "DATABASE_URL",
    "REDIS_URL",
    "STORAGE_BACKEND",
    "INDEX_DIR",
    "STATIC_ROOT",
    "SECRET_KEY",
    "VAULT_KEYS",
)


def _run_until_done(command: list[str], env: dict[str, str]) -> int:
    """The child's exit status; Ctrl-C asks it to stop and clean up."""
    child = process.start(command, env=env, death_signal=signal.SIGTERM)
    try:
        return child.wait()
    finally:
        process.stop(child, grace=GRACE_SECONDS)


class Command(BaseCommand):
    """Exit non-zero where a still was lost."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """CSV columns: path, identity, source, role; paths are relative to the CSV or its images/."""
        parser.add_argument("--gallery", type=Path, help="rows whose role is gallery are imported")
        parser.add_argument("--probes", type=Path, help="rows whose role is probe or nonmated are uploaded")
        parser.add_argument("--retailers", type=int, default=12)
        parser.add_argument("--limit", type=int, help="upload this many stills at the most")
        parser.add_argument(
            "--pad", type=int, default=0, help="add this many random templates to the gallery"
        )
        parser.add_argument("--workers", type=int, default=2)
        parser.add_argument("--at-once", type=int, default=4, help="uploads under way at any moment")
        parser.add_argument(
            "--coach", action="store_true", help="measure the upload coach on the board instead"
        )
        parser.add_argument("--json", type=Path, required=True, help="where to write the figures")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run in a process of its own on a throw-away state."""
        if os.environ.get(STAGE):
            self._on_stage(options)
            return
        with tempfile.TemporaryDirectory(prefix="stillmatch-pilot-") as state:
            Path(state).chmod(0o700)
            env = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
            env |= {STAGE: str(conf.state_dir()), "STILLMATCH_STATE_DIR": state}
            env |= {"API_REQUESTS_PER_MINUTE": "1000000"}
            if _run_until_done([sys.executable, *sys.argv], env):
                raise CommandError("The pilot did not end well: see above.")

    def say(self, line: str) -> None:
        """One line on the terminal, at once."""
        self.stderr.write(line)
        self.stderr.flush()

    def _on_stage(self, options: dict[str, Any]) -> None:
        state_dir = conf.state_dir()
        supervisor = Supervisor(log_dir=state_dir / "log", announce=self.say)
        supervisor.stop_on_signals()
        try:
            figures = self._run(supervisor, state_dir, options)
        except Stopped as error:
            raise CommandError("Stopped.") from error
        except (people.BadCsv, board.NoAnswer) as error:
            raise CommandError(str(error)) from error
        finally:
            supervisor.stop()
        options["json"].write_text(json.dumps(figures, indent=2) + "\n")
        self.stdout.write(json.dumps(figures, indent=2))
        if figures.get("lost"):
            raise CommandError(f"{figures['lost']} stills were lost.")

    def _run(self, supervisor: Supervisor, state_dir: Path, options: dict[str, Any]) -> dict[str, Any]:
        def look() -> None:
            supervisor.look()
            supervisor.go_on()

        gallery, probes = self._pictures(options)
        url = self._start(supervisor, state_dir, options["workers"])
        supervisor_user, retailers = stage.people(options["retailers"])
        campaigns = stage.campaigns(supervisor_user, len(probes), len(retailers))
        info = load_engine(engine_settings()).info
        machine = {
            "workers": options["workers"],
            "model": f"{info.model} {info.model_version}",
            "detector": f"{info.detector} {info.detector_version}",
        }
        if options["coach"]:  # drafts are not searched: no gallery is needed
            self.say("Dropping stills on the board …")
            page = board.Board(url, retailers[0][0], campaigns[0])
            return machine | board.figures(page, probes, look)
        known_as = stage.references(gallery)
        began = time.monotonic()
        stage.import_gallery(supervisor_user.organisation, gallery, known_as, self.say, look)
        seconds_import = time.monotonic() - began
        if options["pad"]:
            stage.pad(supervisor_user.organisation, options["pad"], info, self.say, look)
        templates = stage.index_gallery(info)
        self.say(f"Uploading {len(probes)} stills …")
        programs = [Retailer(url, token) for _, token in retailers]
        uploads = upload_all(probes, campaigns, programs, at_once=options["at_once"], look=look)
        report.wait_until_settled(look)
        return {
            "gallery": templates,
            "seconds_import": round(seconds_import, 2),
            **report.figures(uploads, known_as),
            **machine,
        }

    def _pictures(self, options: dict[str, Any]) -> tuple[list[people.Picture], list[people.Picture]]:
        gallery, probes = options["gallery"], options["probes"]
        if (gallery is None) != (probes is None):
            raise CommandError("Give both --gallery and --probes, or neither.")
        if gallery is None:
            cache = Path(os.environ[STAGE]) / "cache"
            gallery = probes = people.synthetic(cache, self.say)
        return (
            list(people.read(gallery, ("gallery",))),
            list(people.read(probes, people.PROBES))[: options["limit"]],
        )

    def _start(self, supervisor: Supervisor, state_dir: Path, workers: int) -> str:
        redis = EmbeddedRedis(state_dir)
        app.conf.broker_url = settings.CELERY_BROKER_URL = redis.broker_url
        supervisor.start(stack.redis_service(redis))
        for command in ("migrate", "createcachetable"):
            call_command(command, verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        port = stack.free_port()
        env = stack.environment(state_dir, redis)
        for service in stack.worker_services(env, processes=workers):
            supervisor.start(service)
        supervisor.start(stack.web_service(env, port=port))
        return f"http://127.0.0.1:{port}"
