"""Writing to the log. The entry commits or rolls back together with what it records."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.db import connection, models, transaction
from django.utils import timezone

from portal.audit.chain import GENESIS, as_stored, digest_of
from portal.audit.models import Entry
from portal.audit.tags import Tag

# One transaction at a time appends, so that the chain has one head (PostgreSQL only: SQLite's
# IMMEDIATE transactions are already one at a time).
CHAIN_LOCK = 0x5711_1A17


class Actor(Protocol):
    """Whoever acts: a user, or a process of ours."""

    @property
    def pk(self) -> int | None:
        """The account's number, None for a process."""
        ...

    @property
    def organisation_id(self) -> int | None:
        """The actor's organisation, None for a process."""
        ...

    @property
    def audit_name(self) -> str:
        """How the log names the actor."""
        ...


class SystemActor:
    """A process that acts without a person: a worker, the sweeper, a command."""

    pk = None
    organisation_id = None

    def __init__(self, name: str) -> None:
        self.audit_name = f"system:{name}"


def _lock_chain() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])


def _identity(subject: models.Model | tuple[str, object]) -> tuple[str, str]:
    if isinstance(subject, models.Model):
        return subject._meta.label_lower, str(getattr(subject, "uid", None) or subject.pk)
    return subject[0], str(subject[1])


def record(
    tag: Tag, *, actor: Actor, subject: models.Model | tuple[str, object], reason: str = "", **details: Any
) -> Entry:
    """Append one entry; raises rather than skips. Call it last in a transaction: it holds the chain.

    `subject` is a model instance, or a (type, id) pair for what has no row. `details` must be JSON:
    TypeError or ValueError where they are not.
    """
    return record_each(tag, [(subject, details)], actor=actor, reason=reason)[0]


def record_each(
    tag: Tag,
    acts: Sequence[tuple[models.Model | tuple[str, object], Mapping[str, Any]]],
    *,
    actor: Actor,
    reason: str = "",
) -> list[Entry]:
    """Append an entry for each subject with its details, as record() does, in a fixed number of queries."""
    if not acts:
        return []
    entries = [_entry(tag, subject, details, actor=actor, reason=reason) for subject, details in acts]
    with transaction.atomic():
        _lock_chain()
        last = Entry.objects.order_by("-number").values_list("number", "digest").first()
        number, previous = last or (0, GENESIS)
        for entry in entries:
            number += 1
            entry.number, entry.previous, entry.at = number, previous, timezone.now()
            entry.digest = previous = digest_of(entry)
        Entry.objects.bulk_create(entries)
    return entries


def _entry(
    tag: Tag,
    subject: models.Model | tuple[str, object],
    details: Mapping[str, Any],
    *,
    actor: Actor,
    reason: str,
) -> Entry:
    """An entry that has no place in the chain yet."""
    subject_type, subject_id = _identity(subject)
    return Entry(
        tag=Tag(tag).value,
        actor_id=actor.pk,
        actor=actor.audit_name,
        organisation_id=actor.organisation_id,
        subject_type=subject_type,
        subject_id=subject_id,
        reason=reason[:500],
        details=as_stored(dict(details)),
    )
