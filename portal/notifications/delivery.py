"""Sending messages: each is claimed by a conditional update, so that no two workers send the same one.

While the mail server is away every message waits, with growing pauses, and none is given up. A server that
refuses a recipient for good ends that message alone, which operators see. A worker that died while it was
sending leaves a message that may or may not have gone out: once its lease is over it is sent again, for a
second copy (with the same Message-ID) is better than none. What cost three workers waits for an operator.
"""

import re
import smtplib
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.utils import timezone

from portal.notifications.digests import settings_url
from portal.notifications.models import Mail
from portal.notifications.states import MailState

LEASE = timedelta(minutes=2)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(days=3)  # a server that keeps saying "later" about one message
AT_ONCE = 200
SECONDS = 12.0  # of one run; with the connection's time-out it stays below the task's limit
MOST_DEATHS = 3
UNCLEAR = "The worker died while sending: it may or may not have gone out."
DEADLY = f"{MOST_DEATHS} workers died while sending it: it may or may not have gone out."
ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")
TEMPORARY = (smtplib.SMTPException, OSError)
log = structlog.get_logger(__name__)


class _Lost(Exception):
    """The connection is gone: the rest of this run waits."""


def deliver() -> int:
    """Send what is due; how many were sent."""
    free_abandoned()
    due = Mail.objects.filter(state=MailState.QUEUED, next_attempt_at__lte=timezone.now())
    mails = list(due.select_related("user").order_by("next_attempt_at", "pk")[:AT_ONCE])
    if not mails:
        return 0
    try:
        connection = get_connection()
        connection.open()
    except TEMPORARY as error:
        _postpone(mails, error)
        return 0
    try:
        return _send_all(connection, mails)
    finally:
        _close(connection)


def _send_all(connection: BaseEmailBackend, mails: Sequence[Mail]) -> int:
    sent, until = 0, time.monotonic() + SECONDS
    for mail in mails:
        if time.monotonic() > until:
            break
        try:
            sent += _claimed(mail) and _send(connection, mail)
        except _Lost:
            break
    return sent


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except TEMPORARY as error:
        log.info("mail_server_hung_up", error=type(error).__name__)


def _claimed(mail: Mail) -> bool:
    queued = Mail.objects.filter(pk=mail.pk, state=MailState.QUEUED)
    until = timezone.now() + LEASE
    taken = queued.update(state=MailState.SENDING, attempts=F("attempts") + 1, lease_until=until)
    mail.attempts, mail.lease_until = mail.attempts + 1, until
    return taken == 1


def _send(connection: BaseEmailBackend, mail: Mail) -> bool:
    try:
        connection.send_messages([message_of(mail)])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        return _failed(mail, code, said)
    except smtplib.SMTPDataError as error:
        return _failed(mail, error.smtp_code, error.smtp_error)
    except TEMPORARY as error:  # the server, or the way there, is at fault, and not this message
        _settle(mail, MailState.QUEUED, _words(error))
        raise _Lost from error
    _settle(mail, MailState.SENT, "")
    return True


def message_of(mail: Mail) -> EmailMessage:
    """The message as it goes out; its Message-ID stays the same over all attempts."""
    headers = {
        "Message-ID": f"<{mail.uid}@stillmatch>",
        "List-Unsubscribe": f"<{settings_url(mail.user)}>",
        "Auto-Submitted": "auto-generated",
    }
    return EmailMessage(mail.subject, mail.body, to=[mail.user.email], headers=headers)


def _failed(mail: Mail, code: int, said: str | bytes) -> bool:
    """After a server's refusal of this message: 5xx is for good, 4xx means later."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    error = f"The mail server said {code} {ADDRESS.sub('…', text)}"
    final = code >= 500 or mail.made_at < timezone.now() - GIVE_UP_AFTER
    _settle(mail, MailState.FAILED if final else MailState.QUEUED, error)
    return False


def _settle(mail: Mail, state: MailState, error: str) -> None:
    now = timezone.now()
    again = state == MailState.QUEUED
    # By its own lease: after it has ended the message is another worker's.
    Mail.objects.filter(pk=mail.pk, state=MailState.SENDING, lease_until=mail.lease_until).update(
        state=state,
        lease_until=None,
        error=error[:300],
        next_attempt_at=now + pause_after(mail.attempts) if again else now,
        settled_at=None if again else now,
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after this many attempts: half a minute, doubling to half an hour."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 10))


def _postpone(mails: Sequence[Mail], error: Exception) -> None:
    """The server cannot be reached: every message waits."""
    log.warning("mail_server_unreachable", error=_words(error), waiting=len(mails))
    for attempts in {mail.attempts for mail in mails}:
        same = [mail.pk for mail in mails if mail.attempts == attempts]
        Mail.objects.filter(pk__in=same, state=MailState.QUEUED).update(
            attempts=F("attempts") + 1,
            next_attempt_at=timezone.now() + pause_after(attempts + 1),
            error=f"The mail server could not be reached: {_words(error)}"[:300],
        )


def _words(error: Exception) -> str:
    return ADDRESS.sub("…", f"{type(error).__name__}: {error}")


def free_abandoned() -> None:
    """Queue again what dead workers held; what has cost too many of them waits for an operator."""
    now = timezone.now()
    dead = Mail.objects.filter(state=MailState.SENDING, lease_until__lt=now)
    # Two statements, the final one first: a message that the second frees is not looked at again.
    dead.filter(deaths__gte=MOST_DEATHS - 1).update(
        state=MailState.FAILED, deaths=F("deaths") + 1, error=DEADLY, settled_at=now, lease_until=None
    )
    dead.update(
        state=MailState.QUEUED, deaths=F("deaths") + 1, error=UNCLEAR, next_attempt_at=now, lease_until=None
    )
