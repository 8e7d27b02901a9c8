"""Accuracy of the engine on labelled images, without the web: the figures of docs/evaluation.md."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.errors import MatchingError
from matching.evaluation import evaluate_files
from portal.engine import engine_settings


class Command(BaseCommand):
    """Print the figures as JSON, and write them to a file where asked."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """CSV columns: path, identity, source, role; others are ignored."""
        parser.add_argument("--gallery", type=Path, required=True, help="rows whose role is gallery")
        parser.add_argument("--probes", type=Path, required=True, help="rows whose role is probe or nonmated")
        parser.add_argument("--json", type=Path, help="where to write the figures")
        parser.add_argument("--processes", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        """Evaluate."""
        try:
            report = evaluate_files(
                options["gallery"],
                options["probes"],
                engine_settings(),
                processes=options["processes"],
                progress=self._progress,
            )
        except (MatchingError, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        text = json.dumps(report, indent=2)
        if options["json"]:
            options["json"].write_text(text + "\n")
        self.stdout.write(text)

    def _progress(self, done: int, total: int) -> None:
        if done % 200 < 8 or done == total:
            self.stderr.write(f"{done} of {total} images")
