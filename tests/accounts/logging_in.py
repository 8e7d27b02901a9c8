"""Logging in over HTTP as a person does."""

from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse

from tests.cast import PASSWORD, TOTP_SECRET

HOME_ADDRESS = "192.0.2.10"


def log_in(client: Client, email: str, password: str = PASSWORD, address: str = HOME_ADDRESS) -> Any:
    """Post the log-in form from an address."""
    return client.post(reverse("account_login"), {"login": email, "password": password}, REMOTE_ADDR=address)


def code_for(secret: str = TOTP_SECRET) -> str:
    """The six digits an authenticator app shows now."""
    _, counter, _ = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, counter))


def is_in(client: Client) -> bool:
    """Whether the client's session belongs to somebody."""
    return client.get(reverse("accounts:profile")).status_code == 200


def confirm_password(client: Client) -> None:
    """Type the password again, as changing how one logs in demands."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
