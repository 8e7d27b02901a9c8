"""Write a gallery and CCTV stills of people who do not exist, with the manifest for evaluate and pilot."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from matching.synthetic import write_dataset


class Command(BaseCommand):
    """The same arguments write the same bytes."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """How many, and which."""
        parser.add_argument("dir", type=Path)
        parser.add_argument("--people", type=int, default=100, help="people in the gallery")
        parser.add_argument("--views", type=int, default=1, help="CCTV stills of each")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--mated", type=int, help="people with stills (default: all)")
        parser.add_argument("--unmated", type=int, default=0, help="people with stills and no custody image")
        parser.add_argument("--workers", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write."""
        rows = write_dataset(
            options["dir"],
            options["people"],
            options["views"],
            options["seed"],
            mated=options["mated"],
            unmated=options["unmated"],
            workers=options["workers"],
            progress=self._progress,
        )
        self.stdout.write(f"{len(rows)} images and manifest.csv in {options['dir']}")

    def _progress(self, done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            self.stderr.write(f"{done} of {total}")
