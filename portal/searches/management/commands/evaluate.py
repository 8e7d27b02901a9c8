"""Accuracy of the engine on labelled images, without the web: the figures of docs/evaluation.md."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.errors import MatchingError
from matching.evaluation import Embedded, Further, evaluate_files, rank
from matching.fusion import fused
from matching.intervals import by_group, intervals
from matching.resampling import DRAWS
from portal.engine import engine_settings


def _further(column: str, draws: int, sizes: Sequence[int]) -> Further:
    """The keys `intervals`, `by_group` and `fused`, as far as they were asked for."""

    def figures(gallery: Sequence[Embedded], probes: Sequence[Embedded]) -> dict[str, Any]:
        ranked = rank(gallery, probes)
        report: dict[str, Any] = {"intervals": intervals(ranked, draws)} if draws else {}
        if column:
            report["by_group"] = {"column": column, "groups": by_group(ranked, draws or DRAWS)}
        if sizes:
            report["fused"] = {str(size): fused(gallery, probes, size, draws=draws) for size in sizes}
        return report

    return figures


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
        parser.add_argument("--by", default="", metavar="COLUMN", help="FNIR and FPIR apart for its values")
        parser.add_argument(
            "--bootstrap", type=int, default=0, metavar="N", help="intervals from N samples of the people"
        )
        parser.add_argument(
            "--fuse",
            type=int,
            action="append",
            default=[],
            metavar="N",
            help="N stills of one person as one offender; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Evaluate."""
        try:
            report = evaluate_files(
                options["gallery"],
                options["probes"],
                engine_settings(),
                processes=options["processes"],
                progress=self._progress,
                group_by=options["by"],
                further=_further(options["by"], options["bootstrap"], options["fuse"]),
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
