"""The audit log as outbox: what happened becomes notices to whom it concerns, each entry once.

Entries commit in the order of their numbers (the chain's lock is held until the commit), so that nothing
can appear behind the cursor.
"""

from collections.abc import Iterable, Iterator, Sequence

from django.db import transaction
from django.db.models import Max

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.notifications.models import Cursor, Notice
from portal.notifications.queries import people_of
from portal.notifications.states import Kind
from portal.questions.models import Question
from portal.reviews.models import Decision
from portal.submissions.genuine import genuine

LOG = "audit"
AT_ONCE = 500  # entries read in one go
DECIDED = (Tag.DECISION_MADE, Tag.DECISION_ADJUDICATED)
FOLLOWED = (*DECIDED, Tag.QUESTION_ASKED, Tag.QUESTION_ANSWERED)


@transaction.atomic
def follow() -> bool:
    """Read on from the cursor; whether there may be more."""
    Cursor.objects.get_or_create(name=LOG)
    cursor = Cursor.objects.select_for_update().get(name=LOG)
    newest = Entry.objects.aggregate(newest=Max("number"))["newest"] or 0
    news = Entry.objects.filter(number__gt=cursor.number, number__lte=newest, tag__in=FOLLOWED)
    entries = list(news.order_by("number")[:AT_ONCE])
    more = len(entries) == AT_ONCE
    Notice.objects.bulk_create(_notices(entries), ignore_conflicts=True)
    Cursor.objects.filter(name=LOG).update(number=entries[-1].number if more else newest)
    return more


def _notices(entries: Sequence[Entry]) -> list[Notice]:
    decided = {entry.subject_id: entry for entry in entries if entry.tag in DECIDED}
    asked = [entry.subject_id for entry in entries if entry.tag == Tag.QUESTION_ASKED]
    answered = [entry.subject_id for entry in entries if entry.tag == Tag.QUESTION_ANSWERED]
    return [*_outcomes(decided), *_questions(asked), *_answers(answered)]


def _outcomes(decided: dict[str, Entry]) -> Iterator[Notice]:
    found = Decision.objects.filter(genuine("offender__"), uid__in=list(decided))
    rows = list(found.values_list("uid", "offender__submission__retailer"))
    people = people_of(retailer for _, retailer in rows)
    for uid, retailer in rows:
        key = f"{uid}:{decided[str(uid)].number}"  # an offender looked at again may have another outcome
        yield from (Notice(user_id=pk, kind=Kind.OUTCOMES, key=key) for pk in people.get(retailer, []))


def _questions(uids: Iterable[str]) -> Iterator[Notice]:
    found = Question.objects.filter(uid__in=list(uids))
    rows = list(found.values_list("uid", "offender__submission__retailer"))
    people = people_of(retailer for _, retailer in rows)
    for uid, retailer in rows:
        yield from (Notice(user_id=pk, kind=Kind.QUESTIONS, key=str(uid)) for pk in people.get(retailer, []))


def _answers(uids: Iterable[str]) -> Iterator[Notice]:
    found = Question.objects.filter(uid__in=list(uids), asked_by__is_active=True)
    for uid, officer in found.values_list("uid", "asked_by"):
        yield Notice(user_id=officer, kind=Kind.ANSWERS, key=str(uid))
