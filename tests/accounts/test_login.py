"""Logging in: right and wrong, known and unknown, hammered, switched off."""

import re

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse

from portal.accounts.actions import set_active
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.accounts.logging_in import is_in, log_in
from tests.cast import PASSWORD, Cast


def _shown(content: bytes) -> str:
    """The page without what differs at every request, and without what the person typed."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"', "", content.decode())
    return re.sub(r'name="login" value="[^"]+"', "", text)


def test_right_password_opens_the_account_and_is_logged(cast: Cast) -> None:
    client = Client()
    response = log_in(client, cast.loss_prevention.email.upper())
    assert response.status_code == 302
    assert response["Location"] == reverse("home")
    assert is_in(client)
    entry = Entry.objects.get(tag=Tag.LOGGED_IN)
    assert entry.actor_id == cast.loss_prevention.pk
    assert entry.details["address"] == "192.0.2.10"


def test_an_unknown_account_gets_the_same_answer_as_a_wrong_password(cast: Cast) -> None:
    known = log_in(Client(), cast.loss_prevention.email, "wrong-password-1")
    unknown = log_in(Client(), "nobody@example.org", "wrong-password-1")
    assert known.status_code == unknown.status_code == 200
    assert _shown(known.content) == _shown(unknown.content)
    assert Entry.objects.filter(tag=Tag.LOGIN_FAILED).count() == 2
    assert b"not correct" in known.content


class CountingHasher(MD5PasswordHasher):
    """A real hasher that counts what it is asked to compute."""

    encodings = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).encodings += 1
        return super().encode(password, salt)


def test_an_unknown_account_costs_as_many_hashes_as_a_wrong_password(cast: Cast, settings) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.test_login.CountingHasher"]
    cast.loss_prevention.set_password(PASSWORD)
    cast.loss_prevention.save()
    costs = []
    for email in (cast.loss_prevention.email, "nobody@example.org"):
        CountingHasher.encodings = 0
        log_in(Client(), email, "wrong-password-1")
        costs.append(CountingHasher.encodings)
    assert costs[0] == costs[1] > 0


def test_a_hammered_account_is_locked_for_the_attacker_and_open_for_its_owner(cast: Cast) -> None:
    victim = cast.loss_prevention.email
    for _ in range(8):
        assert b"not correct" in log_in(Client(), victim, "a-wrong-guess", "198.51.100.7").content
    assert b"Too many" in log_in(Client(), victim, "a-wrong-guess", "198.51.100.7").content
    attacker = Client()
    assert b"Too many" in log_in(attacker, victim, PASSWORD, "198.51.100.7").content
    assert not is_in(attacker)
    owner = Client()
    log_in(owner, victim)
    assert is_in(owner)


def test_guesses_from_many_addresses_are_stopped_and_the_owners_address_is_spared(cast: Cast) -> None:
    victim = cast.loss_prevention.email
    log_in(Client(), victim)  # from home, before it begins
    for number in range(40):
        log_in(Client(), victim, "a-wrong-guess", f"198.51.100.{number}")
    assert b"Too many" in log_in(Client(), victim, "a-wrong-guess", "203.0.113.5").content
    owner = Client()
    log_in(owner, victim)
    assert is_in(owner)


def test_one_address_cannot_try_many_accounts(cast: Cast) -> None:
    for number in range(30):
        log_in(Client(), f"person{number}@example.org", "a-wrong-guess", "198.51.100.7")
    assert b"Too many" in log_in(Client(), "another@example.org", "x", "198.51.100.7").content
    assert b"Too many" not in log_in(Client(), "another@example.org", "x", "198.51.100.8").content


def test_a_flood_of_log_ins_from_one_address_is_turned_away(cast: Cast, settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login": "3/m/ip"}
    answers = [log_in(Client(), cast.loss_prevention.email).status_code for _ in range(4)]
    assert answers == [302, 302, 302, 429]


def test_a_switched_off_account_is_told_so_only_with_its_password(cast: Cast) -> None:
    set_active(cast.loss_prevention, False, by=cast.administrator)
    client = Client()
    assert log_in(client, cast.loss_prevention.email)["Location"] == reverse("account_inactive")
    assert not is_in(client)
    assert b"switched off" in client.get(reverse("account_inactive")).content
    assert b"not correct" in log_in(Client(), cast.loss_prevention.email, "wrong-password-1").content


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_logging_in_never_leads_elsewhere(cast: Cast, target: str) -> None:
    given = {"login": cast.loss_prevention.email, "password": PASSWORD, "next": target}
    assert Client().post(reverse("account_login"), given)["Location"] == reverse("home")


def test_logging_out_ends_the_session_and_is_logged(cast: Cast) -> None:
    client = Client()
    log_in(client, cast.loss_prevention.email)
    assert b"Log out?" in client.get(reverse("account_logout")).content
    assert client.post(reverse("account_logout"))["Location"] == reverse("account_login")
    assert not is_in(client)
    assert Entry.objects.filter(tag=Tag.LOGGED_OUT, actor_id=cast.loss_prevention.pk).exists()


def test_logging_in_changes_the_session_key(cast: Cast) -> None:
    client = Client()
    client.get(reverse("account_login"))
    client.session["planted"] = "1"
    before = client.session.session_key
    log_in(client, cast.loss_prevention.email)
    assert client.session.session_key != before
