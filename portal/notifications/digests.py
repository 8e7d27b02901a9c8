"""Messages from notices: counts and links, and nothing about anybody.

Whoever reads the mailbox (or the wire) learns that there is news, not of whom: no name, no reference, no
store, no picture, no address of a single record.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.notifications.models import Mail, Notice
from portal.notifications.queries import wishes_of
from portal.notifications.reminding import waits_for
from portal.notifications.states import REMINDERS, Frequency, Kind
from portal.questions.models import Question
from portal.questions.states import QuestionState

ROUTES = {
    Kind.OUTCOMES: "retailer:dashboard",
    Kind.QUESTIONS: "retailer:questions",
    Kind.PRESERVATION: "retailer:dashboard",
    Kind.ANSWERS: "police:questions",
    Kind.QUEUE: "police:queue",
}
ONE = {
    Kind.OUTCOMES: "1 offender you reported has an outcome.",
    Kind.QUESTIONS: "1 question from an officer waits for an answer.",
    Kind.PRESERVATION: "The footage of 1 offender will be overwritten soon. Export it if it may be needed.",
    Kind.ANSWERS: "1 question you asked was answered.",
    Kind.QUEUE: "1 offender in the queue waits for you.",
}
MANY = {
    Kind.OUTCOMES: "{} offenders you reported have an outcome.",
    Kind.QUESTIONS: "{} questions from officers wait for an answer.",
    Kind.PRESERVATION: "The footage of {} offenders will be overwritten soon. Export it if it may be needed.",
    Kind.ANSWERS: "{} questions you asked were answered.",
    Kind.QUEUE: "{} offenders in the queue wait for you.",
}
SUBJECTS = {
    Kind.OUTCOMES: ("outcome", "outcomes"),
    Kind.QUESTIONS: ("question", "questions"),
    Kind.PRESERVATION: ("footage warning", "footage warnings"),
    Kind.ANSWERS: ("answer", "answers"),
    Kind.QUEUE: ("in the queue", "in the queue"),
}


def make_mails() -> int:
    """Put what is due into one message for each person; how many messages."""
    waiting = Notice.objects.filter(mail=None).values("user").distinct()
    users = User.objects.filter(pk__in=waiting).order_by("pk")
    return sum(_make_mail(user.pk) for user in users)


@transaction.atomic
def _make_mail(user_id: int) -> bool:
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)  # one digest at a time each
    due, dropped = _due(user, Notice.objects.filter(user=user, mail=None))
    counts = {kind: _count(kind, due, user) for kind in Kind}
    told = {kind: number for kind, number in counts.items() if number}
    if not told:
        dropped += due  # settled meanwhile: nothing is left to tell
    Notice.objects.filter(pk__in=[one.pk for one in dropped]).delete()
    if not told:
        return False
    mail = Mail.objects.create(user=user, subject=_subject(told), body=body_of(told, user))
    Notice.objects.filter(pk__in=[one.pk for one in due]).update(mail=mail)
    return True


def _due(user: User, notices: Iterable[Notice]) -> tuple[list[Notice], list[Notice]]:
    """What is to be told now, and what this person does not want to be told."""
    wishes = wishes_of(user) if user.is_active else {}
    cut = _last_morning()
    due, dropped = [], []
    for one in notices:
        wish = wishes.get(Kind(one.kind), Frequency.NEVER)
        if wish == Frequency.NEVER:
            dropped.append(one)
        elif wish == Frequency.AT_ONCE or one.kind in REMINDERS or one.made_at < cut:
            due.append(one)
    return due, dropped


def _last_morning() -> datetime:
    """When digests were last due, in the service's zone."""
    now = timezone.localtime()
    today = timezone.make_aware(datetime.combine(now.date(), time(settings.NOTIFICATIONS_HOUR)))
    if now >= today:
        return today
    return timezone.make_aware(
        datetime.combine(now.date() - timedelta(days=1), time(settings.NOTIFICATIONS_HOUR))
    )


def _count(kind: Kind, due: Sequence[Notice], user: User) -> int:
    keys = [one.key for one in due if one.kind == kind]
    if not keys:
        return 0
    if kind == Kind.QUEUE:
        return waits_for(user)
    if kind == Kind.QUESTIONS:  # a colleague may have answered meanwhile
        return Question.objects.filter(uid__in=keys, state=QuestionState.OPEN).count()
    return len({key.partition(":")[0] for key in keys})


# --- words ----------------------------------------------------------------------------------------
def _subject(told: dict[Kind, int]) -> str:
    parts = [f"{number} {SUBJECTS[kind][number != 1]}" for kind, number in told.items()]
    return f"Stillmatch: {', '.join(parts)}"


def body_of(told: dict[Kind, int], user: User) -> str:
    """The text of a message with these counts."""
    lines = [_line(kind, number) for kind, number in told.items()]
    end = (
        "This message says nothing about anybody on purpose: log in to read more.\n"
        f"Choose which messages you get, or stop them: {settings_url(user)}"
    )
    return "\n\n".join([*lines, end]) + "\n"


def _line(kind: Kind, number: int) -> str:
    text = ONE[kind] if number == 1 else MANY[kind].format(number)
    return f"{text}\n{_address(ROUTES[kind])}"


def settings_url(user: User) -> str:
    """Where this person changes what is mailed."""
    return _address("police:notifications" if user.is_police else "retailer:notifications")


def _address(route: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{reverse(route)}"
