"""`manage.py totp EMAIL`: the present code of a demo account's second factor."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.demo.people import DOMAIN


class Command(BaseCommand):
    """Print six digits. For the demo only: elsewhere the secret is on the officer's own device."""

    help = "Print the code that a demo account's authenticator would show now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the code."""
        email = str(options["email"]).lower()
        if not settings.EMBEDDED or not email.endswith(f".{DOMAIN}"):
            raise CommandError("Codes are printed for the demo's own accounts only.")
        enrolled = Authenticator.objects.filter(user__email=email, type=Authenticator.Type.TOTP).first()
        if enrolled is None:
            raise CommandError(f"No account {email} with a second factor here: is the demo loaded?")
        counters = list(yield_hotp_counters_from_time())  # this period's, with those tolerated around it
        present = counters[len(counters) // 2]
        self.stdout.write(format_hotp_value(hotp_value(decrypt(enrolled.data["secret"]), present)))
