"""Measure what scores and stills are worth on labelled pictures, and let the pages say so.

Fits log-likelihood ratios per quality of the still (cross-fitted by person for the report), and the chance
that a still of some quality has the right person among the first 20. The pages refuse to use it for
another model version, or a gallery less than half or more than twice the size.
"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.engine import EngineInfo, load_engine
from matching.errors import MatchingError
from matching.evaluation import Embedded, embed_rows, read_rows
from portal.audit.log import SystemActor
from portal.gallery.serving import serving_settings
from portal.searches.calibrations import NothingLabelled, calibrate, gallery_entries, split_by_subject
from portal.searches.models import Calibration

OPERATOR = SystemActor("calibrate command")


class Command(BaseCommand):
    """Print the figures and keep the calibration."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """CSV columns: path, identity, source, role; others are ignored."""
        parser.add_argument(
            "--gallery", type=Path, help="rows whose role is gallery; without it: the running gallery"
        )
        parser.add_argument(
            "--probes",
            type=Path,
            action="append",
            help="rows whose role is probe or nonmated, may be repeated; with the running gallery, the "
            "identity is a custody reference. Without it: the newest of several images of one person.",
        )
        parser.add_argument("--basis", default="", help="what the pictures are, for the record")
        parser.add_argument("--processes", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        """Calibrate."""
        try:
            info = load_engine(serving_settings()).info
            gallery, probes = self._entries(options, info)
            basis = options["basis"] or _basis(options)
            made = calibrate(gallery, probes, info=info, basis=basis, by=OPERATOR)
        except (MatchingError, NothingLabelled, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(_figures(made), indent=2))

    def _entries(self, options: dict[str, Any], info: EngineInfo) -> tuple[list[Embedded], list[Embedded]]:
        if options["gallery"] and not options["probes"]:
            raise CommandError("--gallery needs --probes.")
        if not options["probes"]:
            return split_by_subject(gallery_entries(info))
        probes = [row for path in options["probes"] for row in read_rows(path, {"probe", "nonmated"})]
        if not options["gallery"]:
            return gallery_entries(info), self._embed(probes, options)
        gallery = read_rows(options["gallery"], {"gallery"})
        embedded = self._embed([*gallery, *probes], options)
        return embedded[: len(gallery)], embedded[len(gallery) :]

    def _embed(self, rows: list[Any], options: dict[str, Any]) -> list[Embedded]:
        return embed_rows(rows, serving_settings(), processes=options["processes"], progress=self._progress)

    def _progress(self, done: int, total: int) -> None:
        if done % 200 < 8 or done == total:
            self.stderr.write(f"{done} of {total} images")


def _basis(options: dict[str, Any]) -> str:
    names = [path.name for path in [options["gallery"], *(options["probes"] or [])] if path]
    return f"labelled pictures: {', '.join(names)}" if names else "people with several custody images"


def _figures(made: Calibration) -> dict[str, Any]:
    """What was kept, without the bootstrap's lines."""
    strata = [{**one, "resamples": len(one["resamples"])} for one in made.lines["strata"]]
    return {
        "made_at": made.made_at.isoformat(),
        "model": f"{made.model} {made.model_version}",
        "gallery": made.gallery_size,
        "basis": made.basis,
        "strata": strata,
        "reliability": made.reliability,
        "chances": made.chances,
    }
