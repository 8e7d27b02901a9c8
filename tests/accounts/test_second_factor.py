"""The second factor: compulsory for police roles, offered to retailers."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from portal.accounts.actions import reset_second_factor
from portal.accounts.roles import POLICE_ROLES, Role
from portal.audit.models import Entry
from tests.accounts.logging_in import code_for, confirm_password, is_in, log_in
from tests.cast import TOTP_SECRET, Cast, client_of
from tests.routes import every_route

OPEN_BEFORE_ENROLMENT = {"mfa_activate_totp", "account_reauthenticate", "account_logout"}


def _plain_routes() -> list[str]:
    """Every page without parameters, from the resolver. (Endpoints of the API know no sessions.)"""
    return [one.name for one in every_route() if not one.parameters and not hasattr(one.view, "cls")]


def test_police_log_in_with_a_code(cast: Cast) -> None:
    client = Client()
    assert log_in(client, cast.facial_reviewer.email)["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
    assert client.post(reverse("mfa_authenticate"), {"code": code_for()}).status_code == 302
    assert is_in(client)


@pytest.mark.parametrize("seconds_later", [0, 20, 35])
def test_no_code_counts_twice(cast: Cast, seconds_later: int) -> None:
    first = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    with time_machine.travel(first, tick=False):
        code = code_for()
    for moment, let_in in ((first, True), (first + timedelta(seconds=seconds_later), False)):
        client = Client()
        with time_machine.travel(moment, tick=False):
            log_in(client, cast.facial_reviewer.email)
            client.post(reverse("mfa_authenticate"), {"code": code})
            assert is_in(client) is let_in


def test_a_clock_half_a_minute_out_is_forgiven_and_more_is_not(cast: Cast) -> None:
    now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    for seconds, let_in in ((30, True), (90, False)):
        with time_machine.travel(now - timedelta(seconds=seconds), tick=False):
            code = code_for()
        client = Client()
        with time_machine.travel(now, tick=False):
            log_in(client, cast.facial_reviewer.email)
            client.post(reverse("mfa_authenticate"), {"code": code})
            assert is_in(client) is let_in


def test_wrong_codes_are_limited(cast: Cast) -> None:
    client = Client()
    log_in(client, cast.facial_reviewer.email)
    with time_machine.travel(datetime(2026, 11, 2, tzinfo=UTC), tick=False):
        answers = [client.post(reverse("mfa_authenticate"), {"code": "000000"}).content for _ in range(9)]
    assert b"Incorrect code" in answers[0]
    assert b"Too many" in answers[-1]


@pytest.mark.parametrize("role", sorted(POLICE_ROLES))
def test_police_reach_nothing_before_enrolment(cast: Cast, role: Role) -> None:
    person = cast.by_role[role]
    reset_second_factor(person, by=cast.administrator)
    client = client_of(person)
    for name in _plain_routes():
        for method in (client.get, client.post):
            response = method(reverse(name))
            if name == "health":
                continue
            if name in OPEN_BEFORE_ENROLMENT:
                assert response.status_code in {200, 302, 405}, name
                client = client_of(person)
                break
            assert response.status_code == 302, name
            assert response["Location"] == reverse("mfa_activate_totp"), name


def test_an_officer_enrols_and_gets_recovery_codes(transactional_db: None, cast: Cast) -> None:
    reset_second_factor(cast.facial_reviewer, by=cast.administrator)
    client = Client()
    log_in(client, cast.facial_reviewer.email)
    confirm_password(client)
    page = client.get(reverse("mfa_activate_totp"))
    secret = re.search(r'class="mono key">(\w+)<', page.content.decode())
    assert secret
    assert b"data:image/svg+xml;base64," in page.content
    done = client.post(reverse("mfa_activate_totp"), {"code": code_for(secret[1])}, follow=True)
    codes = re.findall(r'<li class="mono">(\w+)</li>', done.content.decode())
    assert len(codes) == 10
    assert is_in(client)
    assert Entry.objects.filter(details__credential="second_factor_added").exists()
    other = Client()
    log_in(other, cast.facial_reviewer.email)
    other.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert is_in(other)


def test_the_secret_is_sealed_at_rest(cast: Cast) -> None:
    stored = str(Authenticator.objects.get(user=cast.facial_reviewer, type="totp").data)
    assert TOTP_SECRET not in stored


def test_police_cannot_switch_it_off(cast: Cast) -> None:
    client = Client()
    log_in(client, cast.facial_reviewer.email)
    client.post(reverse("mfa_authenticate"), {"code": code_for()})
    confirm_password(client)
    page = client.get(reverse("mfa_deactivate_totp"))
    assert b"cannot be switched off" in page.content
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=cast.facial_reviewer, type="totp").exists()
    assert reverse("mfa_deactivate_totp").encode() not in client.get(reverse("mfa_index")).content


def test_a_retailer_may_have_one_and_switch_it_off(cast: Cast) -> None:
    client = Client()
    log_in(client, cast.loss_prevention.email)
    confirm_password(client)
    page = client.get(reverse("mfa_activate_totp"))
    secret = re.search(r'class="mono key">(\w+)<', page.content.decode())
    assert secret
    client.post(reverse("mfa_activate_totp"), {"code": code_for(secret[1])})
    assert log_in(Client(), cast.loss_prevention.email)["Location"] == reverse("mfa_authenticate")
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=cast.loss_prevention).exists()


def test_changing_it_asks_for_the_password_again(cast: Cast) -> None:
    client = Client()
    log_in(client, cast.loss_prevention.email)
    answers = [client.get(reverse("mfa_activate_totp"))]
    confirm_password(client)
    assert client.get(reverse("mfa_activate_totp")).status_code == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10)):
        answers.append(client.get(reverse("mfa_activate_totp")))
    assert all(one["Location"].startswith(reverse("account_reauthenticate")) for one in answers)


def test_a_lost_one_is_reset_by_the_administrator(cast: Cast) -> None:
    client = client_of(cast.administrator)
    url = reverse("accounts:person-second-factor", args=[cast.facial_reviewer.uid])
    assert client.post(url).status_code == 302
    assert not Authenticator.objects.filter(user=cast.facial_reviewer).exists()
    assert Entry.objects.get(details__second_factor="reset").actor_id == cast.administrator.pk
