"""What is shown when something is not there, not allowed, or broken."""

from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from tests.accounts.logging_in import log_in
from tests.cast import Cast, client_of


def test_a_missing_page_says_nothing_about_what_was_asked(cast: Cast) -> None:
    client = client_of(cast.loss_prevention)
    first, second = client.get("/no/such/page/"), client.get("/another-one/")
    assert first.status_code == second.status_code == 404
    assert first.content == second.content
    assert b"Page not found" in first.content


def test_a_page_for_another_role_says_so(cast: Cast) -> None:
    response = client_of(cast.loss_prevention).get(reverse("police:queue"))
    assert response.status_code == 403
    assert b"This page is for another role" in response.content


def test_a_form_without_its_token_is_refused_kindly(cast: Cast) -> None:
    response = log_in(Client(enforce_csrf_checks=True), cast.loss_prevention.email)
    assert response.status_code == 403
    assert b"This form has expired" in response.content


def test_the_page_for_our_own_faults_needs_nothing() -> None:
    assert "Something went wrong on our side" in render_to_string("500.html")


def test_health_is_open(db: None) -> None:
    assert Client().get(reverse("health")).json() == {"status": "ok"}
