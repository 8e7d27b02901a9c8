"""`manage.py create_administrator`: the first account of a new service; it invites everybody else."""

from argparse import ArgumentParser
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from portal.accounts.actions import InvitationError, first_administrator


class Command(BaseCommand):
    """Make a force's administrator and print the link that sets the password."""

    help = "Make an administrator of a force and print the link, good for two hours, that sets the password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and of which force (made if it is not there)."""
        parser.add_argument("--force", required=True, help="name of the police force")
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--url", default="http://localhost:8000", help="where the service is reached")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account; CommandError where the address is taken."""
        try:
            user = first_administrator(force=options["force"], email=options["email"], name=options["name"])
        except InvitationError as error:
            raise CommandError(str(error)) from error
        key = default_token_generator.make_token(user)
        parts = {"uidb36": user_pk_to_url_str(user), "key": key}
        path = reverse("account_reset_password_from_key", kwargs=parts)
        self.stdout.write(f"Choose the password of {user.email} within two hours:\n{options['url']}{path}")
