"""Messages over real SMTP: a server that is away, refuses, hangs up; and two workers at once."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.notifications.delivery import deliver, free_abandoned, pause_after
from portal.notifications.models import Mail
from portal.notifications.states import MailState
from tests.cast import Cast, client_of
from tests.notifications.mailbox import Mailbox


def mail_to(*users: User) -> list[Mail]:
    """Messages that wait."""
    return [
        Mail.objects.create(user=user, subject="Stillmatch: 1 question", body="News.\n") for user in users
    ]


def states() -> dict[str, str]:
    """State by the address's first part."""
    rows = Mail.objects.values_list("user__email", "state")
    return {email.partition("@")[0]: state for email, state in rows}


def sooner() -> None:
    """The pause is over."""
    Mail.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_it_arrives_with_a_way_to_stop_it(cast: Cast, mailbox: Mailbox) -> None:
    (mail,) = mail_to(cast.loss_prevention)
    assert deliver() == 1
    assert deliver() == 0
    ((address, message),) = mailbox.taken
    assert address == cast.loss_prevention.email
    assert message["List-Unsubscribe"].endswith(f"{reverse('retailer:notifications')}>")
    assert message["Message-ID"] == f"<{mail.uid}@stillmatch>"
    assert message.get_content_type() == "text/plain"
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.settled_at is not None) == (MailState.SENT, 1, True)


def test_a_server_that_is_away_loses_nothing(cast: Cast, mailbox: Mailbox) -> None:
    mail_to(cast.loss_prevention, cast.team_mate, cast.facial_reviewer)
    mailbox.stop()
    for _ in range(4):
        assert deliver() == 0
        assert deliver() == 0  # within the pause nothing is tried
        sooner()
    waiting = Mail.objects.all()
    assert {(mail.state, mail.attempts) for mail in waiting} == {(MailState.QUEUED, 4)}
    page = client_of(cast.administrator).get(reverse("oversight:operations")).content.decode()
    assert "3 waiting" in page
    assert "could not be reached" in page
    mailbox.start()
    assert deliver() == 3
    assert sorted(mailbox.recipients) == sorted(
        user.email for user in (cast.loss_prevention, cast.team_mate, cast.facial_reviewer)
    )


def test_pauses_grow_to_half_an_hour() -> None:
    pauses = [pause_after(attempts).total_seconds() for attempts in range(1, 40)]
    assert pauses[:4] == [30, 60, 120, 240]
    assert max(pauses) == 1800


@pytest.mark.parametrize(
    ("answer", "state"), [("550 no such user <lena@example.org>", "failed"), ("451 try later", "queued")]
)
def test_one_refused_recipient_holds_up_nobody(cast: Cast, mailbox: Mailbox, answer: str, state: str) -> None:
    mailbox.refused[cast.loss_prevention.email] = answer
    mail_to(cast.loss_prevention, cast.team_mate)
    assert deliver() == 1
    assert states() == {"lena": state, "terry": "sent"}
    error = Mail.objects.get(user=cast.loss_prevention).error
    assert answer[:3] in error
    assert "@" not in error


def test_a_line_that_is_cut_is_tried_again(cast: Cast, mailbox: Mailbox) -> None:
    mailbox.hang_up_after = 1
    mail_to(cast.loss_prevention, cast.team_mate, cast.retailer_manager)
    assert deliver() == 1
    assert sorted(states().values()) == ["queued", "queued", "sent"]
    mailbox.hang_up_after = None
    sooner()
    assert deliver() == 2
    assert len(mailbox.taken) == len(set(mailbox.recipients)) == 3


def dying(mail: Mail) -> None:
    """A worker takes it and is never heard of again: its lease runs out."""
    Mail.objects.filter(pk=mail.pk, state=MailState.QUEUED).update(
        state=MailState.SENDING, lease_until=timezone.now() - timedelta(seconds=1)
    )


def test_what_a_dead_worker_was_sending_is_sent_again(cast: Cast, mailbox: Mailbox) -> None:
    (mail,) = mail_to(cast.loss_prevention)
    Mail.objects.update(attempts=40)  # the server had been away: that is not counted against it
    for _ in range(2):
        dying(mail)
        free_abandoned()
        assert states() == {"lena": "queued"}
    assert deliver() == 1
    mail.refresh_from_db()
    assert (mail.state, mail.deaths, mail.error) == (MailState.SENT, 2, "")


class Overtaking(BaseEmailBackend):
    """So slow that the lease runs out meanwhile, and another worker has the message."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        Mail.objects.update(lease_until=timezone.now() + timedelta(hours=1))
        return len(email_messages)


def test_a_worker_whose_lease_ran_out_settles_nothing(cast: Cast, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Overtaking"
    (mail,) = mail_to(cast.loss_prevention)
    deliver()
    mail.refresh_from_db()
    assert mail.state == MailState.SENDING  # the other worker's to settle


def test_an_operator_sends_what_failed_again(cast: Cast, mailbox: Mailbox) -> None:
    (mail,) = mail_to(cast.loss_prevention)
    for _ in range(3):
        dying(mail)
        free_abandoned()
    assert deliver() == 0  # three workers died of it
    assert states() == {"lena": "failed"}
    client = client_of(cast.supervisor)
    assert "3 workers died while sending it" in client.get(reverse("oversight:operations")).content.decode()
    url = reverse("oversight:mail-retry", args=[mail.uid])
    assert client_of(cast.auditor).post(url).status_code == 403
    assert client_of(cast.foreign_officer).post(url).status_code == 403
    for words in ("on its way again", "already sent round again"):
        assert words in client.post(url, follow=True).content.decode()
    assert deliver() == 1


@pytest.mark.postgres
def test_two_workers_send_each_message_once(transactional_db: None, cast: Cast, mailbox: Mailbox) -> None:
    for _ in range(10):
        mail_to(cast.loss_prevention, cast.team_mate, cast.neighbour)
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        deliver()
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    deliver()
    assert len(mailbox.taken) == 30
    assert len({message["Message-ID"] for _, message in mailbox.taken}) == 30


def test_the_page_of_wishes(cast: Cast) -> None:
    pages = ((cast.loss_prevention, "retailer:notifications"), (cast.facial_reviewer, "police:notifications"))
    for user, route in pages:
        client = client_of(user)
        form = client.get(reverse(route)).context["form"]
        names = list(form.fields)
        assert client.get(reverse("accounts:profile")).content.decode().count(reverse(route)) == 1
        html = client.post(reverse(route), dict.fromkeys(names, "never"), follow=True).content.decode()
        assert "Saved." in html
        assert html.count('value="never"') == html.count("checked") == len(names)
    assert _refused(client_of(cast.loss_prevention))


def _refused(client: Client) -> bool:
    """A reminder is not to be had at once."""
    data = {"outcomes": "daily", "questions": "daily", "preservation": "at_once"}
    return "There is a problem" in client.post(reverse("retailer:notifications"), data).content.decode()
