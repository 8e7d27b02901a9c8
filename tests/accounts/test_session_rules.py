"""How long a session lasts, and what ends it at once."""

from datetime import UTC, datetime, timedelta

import time_machine
from django.test import Client
from django.urls import reverse

from portal.accounts.actions import set_active
from tests.accounts.logging_in import is_in, log_in
from tests.cast import PASSWORD, Cast, client_of

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def _visits(client: Client, hours: float, every_minutes: int, **headers: str) -> None:
    """Look at a page again and again, as time goes by."""
    for step in range(1, int(hours * 60 / every_minutes) + 1):
        with time_machine.travel(START + timedelta(minutes=step * every_minutes), tick=False):
            client.get(reverse("accounts:profile"), headers=headers)


def test_an_idle_session_ends_and_the_page_says_why(cast: Cast) -> None:
    client = Client()
    with time_machine.travel(START, tick=False):
        log_in(client, cast.loss_prevention.email)
        assert is_in(client)
    with time_machine.travel(START + timedelta(minutes=29), tick=False):
        assert is_in(client)
    with time_machine.travel(START + timedelta(minutes=60), tick=False):
        response = client.get(reverse("accounts:profile"), follow=True)
    assert response.redirect_chain[0][0].startswith(reverse("account_login"))
    assert b"logged out for safety" in response.content


def test_a_page_that_polls_does_not_keep_a_session_alive(cast: Cast) -> None:
    client = Client()
    with time_machine.travel(START, tick=False):
        log_in(client, cast.loss_prevention.email)
        assert is_in(client)
    _visits(client, hours=0.5, every_minutes=2, **{"X-Poll": "1"})
    with time_machine.travel(START + timedelta(minutes=31), tick=False):
        assert not is_in(client)


def test_a_busy_session_ends_after_its_hours(cast: Cast) -> None:
    client = Client()
    with time_machine.travel(START, tick=False):
        log_in(client, cast.loss_prevention.email)
        assert is_in(client)
    _visits(client, hours=10, every_minutes=15)
    with time_machine.travel(START + timedelta(hours=10, minutes=1), tick=False):
        assert not is_in(client)


def test_a_switched_off_account_is_out_at_its_next_request(cast: Cast) -> None:
    client = Client()
    log_in(client, cast.loss_prevention.email)
    assert is_in(client)
    set_active(cast.loss_prevention, False, by=cast.administrator)
    assert not is_in(client)
    set_active(cast.loss_prevention, True, by=cast.administrator)


def test_a_changed_password_ends_every_other_session(cast: Cast) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        log_in(client, cast.loss_prevention.email)
    given = {
        "oldpassword": PASSWORD,
        "password1": "four-unrelated-words",
        "password2": "four-unrelated-words",
    }
    here.post(reverse("account_change_password"), given)
    assert is_in(here)
    assert not is_in(elsewhere)


def test_no_browser_keeps_a_page_of_somebody_signed_in(cast: Cast) -> None:
    """Going back after logging out shows nothing, and a redirect leads to where things stand now."""
    for user, route in (
        (cast.facial_reviewer, "police:queue"),
        (cast.facial_reviewer, "home"),
        (cast.auditor, "oversight:analytics"),
        (cast.loss_prevention, "retailer:dashboard"),
    ):
        answer = client_of(user).get(reverse(route))
        assert "no-store" in answer.headers["Cache-Control"], route
    assert "Cache-Control" not in Client().get(reverse("home")).headers
