"""The report as a whole: what it still lacks, texts looked over for names, sending several at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.submissions.actions import (
    CLOSED,
    NOT_PLACED,
    SubmissionRefused,
    accepts_submissions,
    declare_offender,
)
from portal.submissions.guesses import FREE_TEXTS, Guess, digest, unlooked
from portal.submissions.models import Offender

DECLARATION = (
    "I declare that this report is accurate to the best of my knowledge, that the stills were lawfully "
    "obtained, and that no names were guessed."
)
# What the search and the officer cannot do without: where and when it was, and what is alleged. A custody
# image of somebody held that day rules them out; a store and a day find the footage.
NEEDED = {
    "store": "Choose the store.",
    "offence": "Choose the offence.",
    "started_at": "Say when it happened.",
}


@dataclass(frozen=True)
class Lack:
    """Something a report needs before it can be sent: a field of it, "stills" or "place"."""

    name: str
    text: str


def lacks_of(offender: Offender) -> list[Lack]:
    """What a report lacks; its stills should be prefetched where many are asked about."""
    lacks = [Lack(name, text) for name, text in NEEDED.items() if not getattr(offender, name)]
    if not offender.stills.all():
        lacks.append(Lack("stills", "Add a still in which the face can be seen."))
    if offender.rank is None:
        lacks.append(Lack("place", NOT_PLACED[1]))
    return lacks


def guesses_of(offender: Offender, names: Iterable[str] = FREE_TEXTS) -> dict[str, list[Guess]]:
    """What may be a guessed name, by field, in texts nobody has looked over as they stand."""
    texts = {name: getattr(offender, name) for name in names if name in FREE_TEXTS}
    return unlooked(texts, offender.names_checked)


@transaction.atomic
def confirm_no_names(offender: Offender, *, by: User, names: Iterable[str] = FREE_TEXTS) -> list[str]:
    """Record that this person looked over the texts asked about; the fields it counts for."""
    asked = sorted(guesses_of(offender, names))
    if not asked:
        return []
    looked_at = {**offender.names_checked, **{name: digest(getattr(offender, name)) for name in asked}}
    Offender.objects.filter(pk=offender.pk).update(names_checked=looked_at)
    offender.names_checked = looked_at
    record(Tag.NAMES_CHECKED, actor=by, subject=offender, fields=asked)
    return asked


def declare_offenders(
    offenders: Sequence[Offender], *, by: User
) -> tuple[list[Offender], list[tuple[Offender, str]]]:
    """Declare each that lacks nothing: those sent, and the others with the reason, one by one."""
    sent: list[Offender] = []
    kept_back: list[tuple[Offender, str]] = []
    for offender in offenders:
        try:
            _must_be_whole(offender)
            declare_offender(offender, by=by)
        except SubmissionRefused as error:
            kept_back.append((offender, error.message))
        else:
            sent.append(offender)
    return sent, kept_back


def _must_be_whole(offender: Offender) -> None:
    if not accepts_submissions(offender.submission.campaign):
        raise SubmissionRefused(*CLOSED)
    lacks = lacks_of(offender)
    if lacks:
        raise SubmissionRefused("report_incomplete", " ".join(lack.text for lack in lacks))
