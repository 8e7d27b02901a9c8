"""Reminders, made once each morning: footage that will be overwritten, and what waits in the queue."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.roles import REVIEWING_ROLES
from portal.notifications.models import Cursor, Notice
from portal.notifications.queries import people_of
from portal.notifications.states import Kind
from portal.questions.models import Question
from portal.questions.states import Kind as Asked
from portal.questions.states import QuestionState
from portal.reviews.queries import waiting_for
from portal.reviews.states import Stage
from portal.submissions.genuine import genuine
from portal.submissions.models import Offender
from portal.submissions.states import YesNoUnknown

REMINDED = "reminders"
WARNING_DAYS = (1, 3, 7)  # before footage is overwritten, nearest first


@transaction.atomic
def remind() -> bool:
    """Make today's reminders, once, from the hour of the digests on; whether they were made now."""
    now = timezone.localtime()
    if now.hour < settings.NOTIFICATIONS_HOUR:
        return False
    today = now.date()
    Cursor.objects.get_or_create(name=REMINDED)
    day = today.toordinal()
    if Cursor.objects.filter(name=REMINDED, number__lt=day).update(number=day) != 1:
        return False
    Notice.objects.bulk_create([*_warnings(today), *_queues(today)], ignore_conflicts=True)
    return True


def _warnings(today: date) -> list[Notice]:
    """One for each threshold that an offender's footage has come to, told to everybody of the retailer."""
    handed_over = Question.objects.filter(
        kind=Asked.FULL_FOOTAGE, state=QuestionState.ANSWERED, provided=True
    ).values("offender")
    soon = Offender.objects.filter(
        genuine(), footage_until__range=(today, today + timedelta(days=WARNING_DAYS[-1]))
    )
    kept = soon.exclude(footage_kept=YesNoUnknown.NO).exclude(pk__in=handed_over)
    rows = list(kept.order_by("pk").values_list("uid", "footage_until", "submission__retailer"))
    people = people_of(retailer for *_, retailer in rows)
    return [
        Notice(user_id=pk, kind=Kind.PRESERVATION, key=f"{uid}:{until}:{_threshold((until - today).days)}")
        for uid, until, retailer in rows
        if until is not None
        for pk in people.get(retailer, [])
    ]


def _threshold(left: int) -> int:
    return next(days for days in WARNING_DAYS if left <= days)


def _queues(today: date) -> list[Notice]:
    officers = User.objects.filter(role__in=REVIEWING_ROLES, is_active=True)
    return [
        Notice(user=officer, kind=Kind.QUEUE, key=today.isoformat())
        for officer in officers
        if waits_for(officer)
    ]


def waits_for(officer: User) -> int:
    """How many offenders this officer may take just now."""
    return sum(waiting_for(officer, stage).count() for stage in Stage)
