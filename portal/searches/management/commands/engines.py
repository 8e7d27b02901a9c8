"""List the models and detectors the settings may name: licence, dimension, whether weights are there."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from matching import catalogue
from matching.errors import EngineFault
from matching.weights import sha256_of
from portal.gallery.serving import serving_settings

COLUMNS = "{:<13} {:>5}  {:<8} {:<66} {}"


class Command(BaseCommand):
    """Loads no model."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Where else to look."""
        parser.add_argument("--weights", type=Path, help="a weights folder, instead of MATCHING_WEIGHTS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Two tables; `*` marks what the settings name."""
        chosen = serving_settings()
        folder = options["weights"] or chosen.weights_dir
        self.stdout.write(COLUMNS.format("model", "dim", "weights", "sha256", "licence of the weights"))
        for one in catalogue.MODELS.values():
            self._line(one, folder, chosen=one.name == chosen.model)
        self.stdout.write(COLUMNS.format("\ndetector", "", "weights", "sha256", "licence of the weights"))
        for one in catalogue.DETECTORS.values():
            self._line(one, folder, chosen=one.name == chosen.detector)

    def _line(self, one: catalogue.Listed, folder: Path | None, *, chosen: bool) -> None:
        try:
            paths = catalogue.weights_of(one, folder)
            state = "present" if paths else "no need"
            digests = [sha256_of(path) for path in paths]
        except EngineFault:
            state, digests = "missing", []
        name = one.name + ("*" if chosen else "")
        self.stdout.write(
            COLUMNS.format(name, one.dimension or "", state, digests[0] if digests else "", one.licence)
        )
        for digest in digests[1:]:
            self.stdout.write(COLUMNS.format("", "", "", digest, ""))
