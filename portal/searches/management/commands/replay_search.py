"""Reproduce a recorded candidate list to the last bit, or say what changed."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit.log import SystemActor
from portal.searches.models import Search
from portal.searches.replay import replay


class Command(BaseCommand):
    """Exit non-zero where the list differs."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which search."""
        parser.add_argument("id", help="the search's uid, or its number")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and print."""
        search = _search(options["id"])
        result = replay(search, by=SystemActor("replay_search"))
        for line in result.differences:
            self.stdout.write(line)
        if not result.identical:
            raise CommandError(f"Search {search.uid} cannot be reproduced on today's gallery.")
        count = search.candidates.count()
        self.stdout.write(f"Search {search.uid}: {count} candidates, identical to the last bit.")


def _search(wanted: str) -> Search:
    try:
        key = {"pk": int(wanted)} if wanted.isdecimal() else {"uid": UUID(wanted)}
        return Search.objects.get(**key)
    except (ValueError, Search.DoesNotExist) as error:
        raise CommandError(f"There is no search {wanted}.") from error
