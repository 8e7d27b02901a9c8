"""Appending to the ordered log, in the transaction that adds or removes templates."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from portal.gallery.models import Epoch, Event, EventKind

# One appender at a time, so that numbers become visible in their order (PostgreSQL only).
EVENT_LOCK = 0x5711_0E7E


def latest_seq() -> int:
    """The number of the newest committed event; 0 in an empty gallery."""
    return Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def hold() -> None:
    """Until this transaction ends, nobody else adds or removes a template."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [EVENT_LOCK])


def append(kind: EventKind, template_ids: Sequence[int], *, model: str) -> int:
    """Number and store one event per template; the newest seq. Call inside a transaction, late."""
    hold()
    seq = latest_seq()
    events = [
        Event(seq=seq + step, kind=kind, template_id=pk, model=model)
        for step, pk in enumerate(template_ids, start=1)
    ]
    Event.objects.bulk_create(events, batch_size=5000)
    return seq + len(events)


def epoch() -> UUID:
    """This database's identity, made on first use."""
    return Epoch.objects.get_or_create(pk=1)[0].uid
