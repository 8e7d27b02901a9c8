"""Check the log's chain from the first entry to the last."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit.chain import verify


class Command(BaseCommand):
    """Print how many entries hold and the head digest; exit non-zero at the first break."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Optionally compare with an anchor that was kept off this machine."""
        parser.add_argument("--anchor", help="NUMBER:DIGEST as printed earlier; shows a cut or rewritten log")

    def handle(self, *args: Any, anchor: str | None = None, **options: Any) -> None:
        """Verify; see the class."""
        verdict = verify()
        if verdict.broken:
            raise CommandError(f"entry {verdict.broken.number}: {verdict.broken.why}")
        if anchor:
            self._compare(anchor)
        self.stdout.write(f"{verdict.verified} entries hold; anchor {verdict.verified}:{verdict.head}")

    def _compare(self, anchor: str) -> None:
        from portal.audit.models import Entry

        number, _, digest = anchor.partition(":")
        if not number.isdigit() or not Entry.objects.filter(number=int(number), digest=digest).exists():
            raise CommandError(f"the log does not contain the anchor {anchor}: it was cut or rewritten")
