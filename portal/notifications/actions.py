"""Changing what is mailed to whom, and sending a message that failed once more."""

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.notifications.models import Mail, Notice, Preference
from portal.notifications.states import Frequency, Kind, MailState

KEPT = timedelta(days=60)


@transaction.atomic
def choose(user: User, wishes: Mapping[Kind, Frequency]) -> None:
    """Keep what a person wants to hear of, and how often."""
    for kind, frequency in wishes.items():
        Preference.objects.update_or_create(user=user, kind=kind, defaults={"frequency": frequency})
    chosen = {kind.value: frequency.value for kind, frequency in wishes.items()}
    record(Tag.USER_CHANGED, actor=user, subject=user, notifications=chosen)


@transaction.atomic
def send_again(mail: Mail, *, by: User) -> bool:
    """Put a message that failed back to the start; False where it no longer is one."""
    changed = Mail.objects.filter(pk=mail.pk, state=MailState.FAILED).update(
        state=MailState.QUEUED,
        attempts=0,
        deaths=0,
        next_attempt_at=timezone.now(),
        settled_at=None,
        made_at=timezone.now(),
    )
    if changed:
        record(Tag.WORK_RETRIED, actor=by, subject=mail)
    return changed == 1


def forget() -> None:
    """Delete messages and notices that nobody needs any more."""
    old = timezone.now() - KEPT
    Mail.objects.filter(state=MailState.SENT, settled_at__lt=old).delete()
    Notice.objects.filter(mail=None, made_at__lt=old).delete()
