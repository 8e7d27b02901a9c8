"""The first account of a new service."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from tests.accounts.logging_in import log_in

NEW = "four-unrelated-words"


def _made(capsys: pytest.CaptureFixture[str], **changes: str) -> str:
    given = {"force": "Eastvale Police", "email": "adel@example.org", "name": "Adel Mason", **changes}
    call_command("create_administrator", **given)
    return capsys.readouterr().out


def test_the_printed_link_sets_the_password_and_the_second_factor_follows(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = re.search(r"http://localhost:8000(/\S+)", _made(capsys))
    assert found
    assert not User.objects.get().has_usable_password()
    client = Client()
    form = client.get(found[1], follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW, "password2": NEW})
    log_in(client, "adel@example.org", NEW)
    assert client.get(reverse("home"))["Location"] == reverse("mfa_activate_totp")


def test_it_refuses_a_taken_address_and_a_retailer(cast: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="already has an account"):
        _made(capsys, email="LENA@example.org")
    with pytest.raises(CommandError, match="not a police force"):
        _made(capsys, force="Aldermere Foods")
    assert not User.objects.filter(email="adel@example.org", organisation__name="Eastvale Police").exists()
