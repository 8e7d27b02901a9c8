"""Import custody images from a CSV manifest; run it again after an interruption and it goes on."""

import csv
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import Storage
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.models import Organisation, OrganisationKind
from portal.audit.log import SystemActor
from portal.gallery.importing import BadManifest, ManifestRow, Tally, import_rows, read_manifest
from portal.gallery.models import CustodyImage
from portal.storage import PrivateS3Storage, StorageUnavailable
from portal.work import WorkState

IMPORTER = SystemActor("import_custody")
EVERY_SECONDS = 2.0


class Command(BaseCommand):
    """Exit 0 with every good row imported; bad rows are in the report file, with the reason."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """The header is described in portal/gallery/importing.py and docs/operations.md."""
        parser.add_argument("manifest", type=Path)
        parser.add_argument("--force", dest="police", help="name of the police force, if there are several")
        parser.add_argument("--bucket", help="paths are keys of this bucket, at the configured S3 endpoint")
        parser.add_argument("--errors", type=Path, help="report of bad rows (default: MANIFEST.errors.csv)")
        parser.add_argument("--wait", action="store_true", help="stay until the workers have enrolled all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import."""
        manifest: Path = options["manifest"]
        try:
            rows = read_manifest(manifest)
        except BadManifest as error:
            raise CommandError(str(error)) from error
        force = self._force(options["police"])
        source: Path | Storage = _bucket(options["bucket"]) if options["bucket"] else manifest.parent
        report = options["errors"] or manifest.with_suffix(".errors.csv")
        self._said = 0.0
        bad = import_rows(force, rows, source, by=IMPORTER, progress=self._progress)
        try:
            count = _write_report(report, bad)
        except StorageUnavailable as error:
            raise CommandError(f"{error}. Nothing is half done: run the import again later.") from error
        if count:
            self.stdout.write(f"{count} rows were left out: see {report}")
        if options["wait"]:
            self._wait()

    def _force(self, name: str | None) -> Organisation:
        forces = Organisation.objects.filter(kind=OrganisationKind.FORCE)
        found = list(forces.filter(name=name) if name else forces)
        if len(found) != 1:
            raise CommandError("Name one police force with --force.")
        return found[0]

    def _progress(self, tally: Tally) -> None:
        done = tally.imported + tally.already_there + tally.refused
        if done == tally.rows or time.monotonic() - self._said > EVERY_SECONDS:
            self._said = time.monotonic()
            self.stdout.write(
                f"{done} of {tally.rows} rows: {tally.imported} imported, "
                f"{tally.already_there} already there, {tally.refused} left out"
            )
            self.stdout.flush()

    def _wait(self) -> None:
        waiting = CustodyImage.objects.filter(work_state__in=(WorkState.QUEUED, WorkState.RUNNING))
        while count := waiting.count():
            self.stdout.write(f"{count} images are still to be enrolled")
            self.stdout.flush()
            time.sleep(EVERY_SECONDS)


def _bucket(name: str) -> Storage:
    options = dict(settings.S3_OPTIONS)
    return PrivateS3Storage(**{**options, "bucket_name": name})


def _write_report(path: Path, bad: Iterable[tuple[ManifestRow, str]]) -> int:
    """One line for each bad row as it happens; no file where there is none."""
    count = 0
    path.unlink(missing_ok=True)
    for row, why in bad:
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if not count:
                writer.writerow(["line", "path", "reason"])
            writer.writerow([row.line, row.values.get("path", ""), why])
        count += 1
    return count
