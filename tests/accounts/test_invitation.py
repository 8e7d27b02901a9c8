"""Inviting somebody, and the mailed link."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connections
from django.test import Client
from django.urls import reverse

from portal.accounts.actions import InvitationError, accept_invitation, invitation_token, invite
from portal.accounts.models import Invitation, Organisation, User
from portal.accounts.roles import POLICE_ROLES, RETAILER_ROLES, Role
from portal.audit.models import Entry
from portal.audit.tags import Tag
from tests.accounts.logging_in import is_in, log_in
from tests.cast import Cast, client_of

PASSWORD = "four-unrelated-words"
CHOSEN = {"password": PASSWORD, "again": PASSWORD}


def _send(by: User, organisation: Organisation, role: Role, email: str = "new@example.org") -> bytes:
    given = {"name": "Nia New", "email": email, "organisation": organisation.pk, "role": role}
    response = client_of(by).post(reverse("accounts:invitation-new"), given, follow=True)
    assert response.status_code == 200
    return response.content


def _link() -> str:
    found = re.search(r"https?://[^/]+(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_an_invited_retailer_chooses_a_password_and_is_in(cast: Cast) -> None:
    page = _send(cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION)
    assert b"An invitation was sent to new@example.org" in page
    assert mail.outbox[0].to == ["new@example.org"]
    client = Client()
    assert b"Nia New" in client.get(_link()).content
    assert client.post(_link(), CHOSEN)["Location"] == reverse("home")
    assert is_in(client)
    joined = User.objects.get(email="new@example.org")
    assert (joined.role, joined.organisation) == (Role.LOSS_PREVENTION, cast.retailer)
    assert Entry.objects.filter(tag=Tag.USER_JOINED, actor_id=joined.pk).exists()
    again = Client()
    log_in(again, joined.email, PASSWORD)
    assert is_in(again)


def test_an_invited_officer_goes_straight_to_the_second_factor(cast: Cast) -> None:
    _send(cast.administrator, cast.force, Role.SECOND_REVIEWER)
    client = Client()
    page = client.post(_link(), CHOSEN, follow=True)
    assert page.redirect_chain[-1][0] == reverse("mfa_activate_totp")
    assert page.status_code == 200
    assert b"Set up your second factor" in page.content


def test_the_link_works_once(cast: Cast) -> None:
    _send(cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION)
    Client().post(_link(), CHOSEN)
    for answer in (Client().get(_link()), Client().post(_link(), CHOSEN)):
        assert answer.status_code == 410
        assert b"already used" in answer.content
        assert b"send the invitation again" in answer.content
    assert b"Go to your pages" in client_of(cast.team_mate).get(_link()).content


def test_the_link_expires_and_can_be_sent_again(cast: Cast) -> None:
    _send(cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION)
    old = _link()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=8)):
        assert Client().get(old).status_code == 410
        uid = Invitation.objects.get().uid
        client_of(cast.retailer_manager).post(reverse("accounts:invitation-resend", args=[uid]))
        assert Client().get(old).status_code == 410
        assert Client().get(_link()).status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "a:b:c", "e30:1abcde:AAAA"])
def test_an_altered_link_is_refused(cast: Cast, token: str) -> None:
    response = Client().get(reverse("accounts:invitation-accept", args=[token]))
    assert response.status_code == 410


def test_a_withdrawn_invitation_is_dead(cast: Cast) -> None:
    _send(cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION)
    uid = Invitation.objects.get().uid
    client = client_of(cast.retailer_manager)
    page = client.post(reverse("accounts:invitation-withdraw", args=[uid]), follow=True)
    assert b"was withdrawn" in page.content
    assert Client().post(_link(), CHOSEN).status_code == 410
    assert client.post(reverse("accounts:invitation-withdraw", args=[uid])).status_code == 404


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"password": "short", "again": "short"}, b"too short"),
        ({"password": PASSWORD, "again": "something-else-again"}, b"Type the same password twice"),
        ({"password": "password1234", "again": "password1234"}, b"too common"),
        ({"password": "new@example.org", "again": "new@example.org"}, b"too similar"),
    ],
)
def test_bad_passwords_are_refused(cast: Cast, given: dict[str, str], problem: bytes) -> None:
    _send(cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION)
    response = Client().post(_link(), given)
    assert response.status_code == 200
    assert problem in response.content
    assert not User.objects.filter(email="new@example.org").exists()


def test_whoever_was_logged_in_is_out(cast: Cast) -> None:
    _send(cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION)
    client = client_of(cast.retailer_manager)
    client.post(_link(), CHOSEN)
    assert b"Nia New" in client.get(reverse("accounts:profile")).content


def test_a_manager_invites_to_the_own_retailer_only(cast: Cast) -> None:
    for organisation in (cast.other_retailer, cast.force):
        page = _send(cast.retailer_manager, organisation, Role.LOSS_PREVENTION)
        assert b"There is a problem" in page
    for role in POLICE_ROLES:
        assert b"There is a problem" in _send(cast.retailer_manager, cast.retailer, role)
    assert not Invitation.objects.exists()


def test_an_administrator_invites_to_the_own_force_and_to_retailers(cast: Cast) -> None:
    assert b"There is a problem" in _send(cast.administrator, cast.other_force, Role.FACIAL_REVIEWER)
    assert b"was sent" in _send(cast.administrator, cast.uninvited, Role.RETAILER_MANAGER)


@pytest.mark.parametrize("role", sorted(Role))
def test_a_role_fits_its_kind_of_organisation(cast: Cast, role: Role) -> None:
    wrong = cast.force if role in RETAILER_ROLES else cast.retailer
    assert b"other kind of organisation" in _send(cast.administrator, wrong, role)


def test_an_address_is_invited_once_and_has_one_account(cast: Cast) -> None:
    taken = cast.team_mate.email.upper()
    assert b"already has an account" in _send(
        cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION, taken
    )
    _send(cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION)
    assert b"already invited" in _send(
        cast.retailer_manager, cast.retailer, Role.LOSS_PREVENTION, "NEW@example.org"
    )


def _made(cast: Cast) -> Invitation:
    return invite(
        inviter=cast.retailer_manager,
        organisation=cast.retailer,
        role=Role.LOSS_PREVENTION,
        email="new@example.org",
        name="Nia New",
    )


@pytest.mark.postgres
def test_of_many_at_once_one_accepts(transactional_db: None, cast: Cast) -> None:
    invitation = _made(cast)

    def accept(_: int) -> str:
        try:
            return accept_invitation(invitation, PASSWORD).email
        except InvitationError as error:
            return str(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(accept, range(8)))
    assert answers.count("new@example.org") == 1
    assert User.objects.filter(email="new@example.org").count() == 1


def test_an_account_made_meanwhile_is_said(cast: Cast) -> None:
    token = invitation_token(_made(cast))
    User.objects.create_user(
        "new@example.org", role=Role.LOSS_PREVENTION, organisation=cast.retailer, name="Quick"
    )
    response = Client().post(reverse("accounts:invitation-accept", args=[token]), CHOSEN)
    assert response.status_code == 410
    assert b"already has an account" in response.content
    assert Invitation.objects.get().accepted_at is None
