"""Asking for a new password."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from portal.accounts.actions import set_active
from portal.audit.models import Entry
from tests.accounts.logging_in import is_in, log_in
from tests.cast import Cast

NEW = "four-unrelated-words"


def _ask(email: str) -> bytes:
    response = Client().post(reverse("account_reset_password"), {"email": email}, follow=True)
    assert response.status_code == 200
    return response.content


def _link() -> str:
    found = re.search(r"https?://[^/]+(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_the_mailed_link_sets_a_new_password_once(cast: Cast) -> None:
    _ask(cast.loss_prevention.email)
    client, link = Client(), _link()
    page = client.get(link, follow=True)
    form = page.redirect_chain[-1][0]
    done = client.post(form, {"password1": NEW, "password2": NEW}, follow=True)
    assert b"Your password is changed" in done.content
    log_in(client, cast.loss_prevention.email, NEW)
    assert is_in(client)
    assert b"does not work any more" in Client().get(link, follow=True).content
    assert Entry.objects.filter(details__credential="password_reset").exists()


def test_known_and_unknown_addresses_get_the_same_answer(cast: Cast) -> None:
    set_active(cast.team_mate, False, by=cast.administrator)
    answers = {
        _ask(email) for email in (cast.loss_prevention.email, "nobody@example.org", cast.team_mate.email)
    }
    assert len(answers) == 1
    assert len(mail.outbox) == 3
    assert [("password/reset/key" in one.body) for one in mail.outbox] == [True, False, False]


def test_the_mail_names_no_case_and_no_sign_up(cast: Cast) -> None:
    _ask("nobody@example.org")
    assert "signup" not in mail.outbox[0].body
    assert "by invitation" in mail.outbox[0].body


def test_a_broken_link_is_explained(cast: Cast) -> None:
    for link in ("1-set-password", "zzz-abc", "1-abc-def"):
        response = Client().get(f"/accounts/password/reset/key/{link}/", follow=True)
        assert response.status_code == 200
        assert b"does not work any more" in response.content


@pytest.mark.parametrize("weak", ["short", "password1234", "lena@example.org"])
def test_weak_passwords_are_refused(cast: Cast, weak: str) -> None:
    _ask(cast.loss_prevention.email)
    client = Client()
    form = client.get(_link(), follow=True).redirect_chain[-1][0]
    response = client.post(form, {"password1": weak, "password2": weak})
    assert response.status_code == 200
    assert b"There is a problem" in response.content


def test_police_still_need_the_code_after_a_reset(cast: Cast) -> None:
    _ask(cast.facial_reviewer.email)
    client = Client()
    form = client.get(_link(), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert log_in(client, cast.facial_reviewer.email, NEW)["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
