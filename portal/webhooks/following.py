"""From the audit log to deliveries. The log is the outbox: whoever acts only records (portal.audit.log).

Entries commit in the order of their numbers (the chain's lock), so a cursor misses none; deliveries, statuses
told and the cursor move in one transaction, so none is told twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.reviews.disclosure import disclose
from portal.reviews.status import Status, statuses_of
from portal.submissions.genuine import genuine
from portal.submissions.models import Offender, Submission
from portal.webhooks.models import Cursor, Delivery, ToldStatus, Webhook
from portal.webhooks.payloads import body_of
from portal.webhooks.states import Event

BATCH = 500
# How an entry's subject leads to the offender it is about.
OFFENDER_OF = {
    "submissions.offender": "uid",
    "submissions.still": "stills__uid",
    "searches.search": "stills__searches__uid",
    "reviews.decision": "decision__uid",
    "reviews.review": "decision__reviews__uid",
    "questions.question": "questions__uid",
}
TOLD_AS_IT_IS = {
    Tag.SEARCH_PERFORMED: Event.OFFENDER_SEARCHED,
    Tag.QUESTION_ASKED: Event.QUESTION_ASKED,
    Tag.QUESTION_WITHDRAWN: Event.QUESTION_WITHDRAWN,
    Tag.STILL_REFUSED: Event.STILL_REFUSED,
    Tag.FACE_NOT_FOUND: Event.STILL_NO_FACE,
}
IN_THE_TRAY = (Tag.STILL_REFUSED, "submissions.submission")
NAMED = {"questions.question": "question", "submissions.still": "still"}  # subjects whose id the data carry
MAY_CHANGE_A_STATUS = ("collection:", "alteration:", "combination:")


class ToWebhook:
    """To whom the log says that a status was disclosed: a retailer's system."""

    pk = None
    audit_name = "system:webhooks"

    def __init__(self, organisation_id: int) -> None:
        self.organisation_id = organisation_id


@dataclass(frozen=True)
class _Found:
    """An entry, the submission it is about, and the offender; None: a file sent to the tray."""

    entry: Entry
    submission: Submission
    offender: Offender | None = None

    @property
    def organisation_id(self) -> int:
        return self.submission.retailer_id


@dataclass(frozen=True)
class _News:
    """One event to tell."""

    found: _Found
    event: Event
    data: Mapping[str, str]

    @property
    def entry(self) -> Entry:
        return self.found.entry

    @property
    def body(self) -> str:
        offender = self.found.offender
        ids = {"offender": str(offender.uid)} if offender else {}
        ids["submission"] = str(self.found.submission.uid)
        return body_of(self.event, self.entry.at, {**ids, **self.data})

    def concerns(self, webhook: Webhook) -> bool:
        """Whether the webhook asked for it, and existed by then."""
        own = webhook.organisation_id == self.found.organisation_id
        return own and self.event in webhook.events and self.entry.number > webhook.after_entry


def follow(at_most: int = BATCH) -> int:
    """Turn the log's next entries into deliveries; how many entries were looked at (0: up to date)."""
    Cursor.objects.get_or_create(pk=1)
    with transaction.atomic():
        cursor = Cursor.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=1).first()
        if cursor is None:
            return 0  # somebody else is at it
        webhooks = list(Webhook.objects.filter(enabled=True))
        entries = _next_entries(cursor, webhooks, at_most)
        if entries:
            _tell(entries, webhooks)
            Cursor.objects.filter(pk=1).update(number=entries[-1].number)
    return len(entries)


def _next_entries(cursor: Cursor, webhooks: Sequence[Webhook], at_most: int) -> list[Entry]:
    """Those after the cursor that could concern a webhook; only the last one where there is no webhook."""
    start = min((one.after_entry for one in webhooks), default=None)
    if start is None:
        return list(Entry.objects.filter(number__gt=cursor.number).order_by("-number")[:1])
    after = Entry.objects.filter(number__gt=max(cursor.number, start))
    return list(after.order_by("number")[:at_most])


def _tell(entries: Sequence[Entry], webhooks: Sequence[Webhook]) -> None:
    organisations = {one.organisation_id for one in webhooks}
    found = [one for one in _found(entries) if one.organisation_id in organisations]
    statuses = _changed(found)
    newest = {one.offender.pk: one for one in found if one.offender}  # these entries tell a change
    news = [_as_it_is(one) for one in found if one.entry.tag in TOLD_AS_IT_IS]
    news += [_status_told(newest[pk], status) for pk, status in statuses.items()]
    Delivery.objects.bulk_create(
        (
            Delivery(webhook=webhook, event=one.event, entry_number=one.entry.number, body=one.body)
            for one in sorted(news, key=lambda one: one.entry.number)
            for webhook in webhooks
            if one.concerns(webhook)
        ),
        ignore_conflicts=True,
    )
    _disclose([one for one in news if one.event == Event.OFFENDER_STATUS_CHANGED], statuses, webhooks)


def _found(entries: Sequence[Entry]) -> list[_Found]:
    """The entries that are about an offender or its file, with it; one query per kind of subject."""
    offenders: dict[tuple[str, str], Offender] = {}
    for kind, path in OFFENDER_OF.items():
        ids = {one.subject_id for one in entries if one.subject_type == kind}
        if ids:
            rows = Offender.objects.filter(genuine(), **{f"{path}__in": ids}).select_related("submission")
            offenders |= {(kind, str(row.named)): row for row in rows.annotate(named=F(path))}
    about = [(one, offenders.get((one.subject_type, one.subject_id))) for one in entries]
    found = [_Found(entry, offender.submission, offender) for entry, offender in about if offender]
    return sorted([*found, *_in_the_tray(entries)], key=lambda one: one.entry.number)


def _in_the_tray(entries: Sequence[Entry]) -> list[_Found]:
    """Files refused before they were anybody's."""
    refused = [one for one in entries if (one.tag, one.subject_type) == IN_THE_TRAY]
    rows = Submission.objects.filter(uid__in=[one.subject_id for one in refused]) if refused else ()
    submissions = {str(row.uid): row for row in rows}
    return [_Found(one, submissions[one.subject_id]) for one in refused if one.subject_id in submissions]


def _changed(found: Sequence[_Found]) -> dict[int, Status]:
    """The statuses that are not what was last told, by offender id; told from now on."""
    touched = [one.offender for one in found if one.entry.tag.startswith(MAY_CHANGE_A_STATUS)]
    offenders = {one.pk: one for one in touched if one}
    told = dict(ToldStatus.objects.filter(offender__in=offenders).values_list("offender_id", "code"))
    statuses = statuses_of(list(offenders.values())) if offenders else {}
    changed = {pk: status for pk, status in statuses.items() if told.get(pk) != status.code}
    ToldStatus.objects.bulk_create(
        (ToldStatus(offender_id=pk, code=status.code) for pk, status in changed.items()),
        update_conflicts=True,
        unique_fields=["offender"],
        update_fields=["code"],
    )
    return changed


def _as_it_is(one: _Found) -> _News:
    entry, data = one.entry, {}
    if name := NAMED.get(entry.subject_type):
        data[name] = entry.subject_id
    if entry.tag == Tag.STILL_REFUSED:
        data["code"] = str(entry.details["code"])
    return _News(one, TOLD_AS_IT_IS[Tag(entry.tag)], data)


def _status_told(one: _Found, status: Status) -> _News:
    return _News(one, Event.OFFENDER_STATUS_CHANGED, {"status": status.code})


def _disclose(news: Sequence[_News], statuses: Mapping[int, Status], webhooks: Sequence[Webhook]) -> None:
    """An outcome that is sent is disclosed: logged, as on a page (portal.reviews.disclosure)."""
    for organisation_id in {one.found.organisation_id for one in news}:
        told = [
            one.found.offender
            for one in news
            if one.found.offender
            and one.found.organisation_id == organisation_id
            and any(map(one.concerns, webhooks))
        ]
        disclose(told, statuses, to=ToWebhook(organisation_id))
