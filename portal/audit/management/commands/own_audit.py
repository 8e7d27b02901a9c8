"""Leave the services' database role nothing on the log but reading and appending; run as its owner."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from portal.audit import ownership

PASSWORD = "POSTGRES_APP_PASSWORD"  # noqa: S105  (the name of a variable)


class Command(BaseCommand):
    """Print the statements; with --apply also run them, in one transaction. Run it again at will."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which role, and how far."""
        parser.add_argument("--role", required=True, help="what the services log in as")
        parser.add_argument("--apply", action="store_true", help="run the statements")
        parser.add_argument(
            "--create", action="store_true", help=f"make the role, its password taken from {PASSWORD}"
        )

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        """Print and apply."""
        if connection.vendor != "postgresql":
            raise CommandError("SQLite knows no roles: whoever runs the service owns the log's file.")
        try:
            with transaction.atomic():
                if options["create"]:
                    self._create(role)
                self._grant(role, apply=options["apply"])
        except ownership.CannotOwn as error:
            raise CommandError(str(error)) from error

    def _create(self, role: str) -> None:
        password = os.environ.get(PASSWORD)
        if not password:
            raise CommandError(f"--create takes the role's password from {PASSWORD}, which is not set.")
        ownership.create(role, password)

    def _grant(self, role: str, *, apply: bool) -> None:
        with connection.cursor() as cursor:
            for statement in ownership.statements(role):
                self.stdout.write(f"{statement};")
                if apply:
                    cursor.execute(statement)
