"""Reading the log: filters, parts by number, the state of the chain."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.chain import verify
from portal.audit.models import Entry, Verification
from portal.audit.verifying import AUDIT_LOG

PAGE_SIZE = 50
CHAIN = "oversight:chain"
CHAIN_SECONDS = 3600
AT_ONCE = 20_000  # entries that a page verifies by itself: a fraction of a second


@dataclass(frozen=True)
class Part:
    """One page of the log, newest first, and the numbers its neighbours begin at (None: there is none)."""

    entries: list[Entry]
    older_than: int | None
    newer_than: int | None

    @property
    def span(self) -> str:
        """The numbers shown, for the log of who read the log."""
        return f"{self.entries[-1].number}–{self.entries[0].number}" if self.entries else "none"


def narrowed(entries: QuerySet[Entry], given: dict[str, Any]) -> QuerySet[Entry]:
    """Entries that fit an AuditFilter's cleaned data."""
    if tag := given.get("tag"):
        entries = entries.filter(tag__startswith=tag) if tag.endswith(":") else entries.filter(tag=tag)
    if actor := given.get("actor"):
        people = User.objects.filter(Q(name__icontains=actor) | Q(email__icontains=actor)).values("pk")
        entries = entries.filter(Q(actor_id__in=people) | Q(actor__icontains=actor))
    if subject := given.get("subject"):
        entries = entries.filter(Q(subject_id=subject) | Q(subject_type=subject))
    if begin := given.get("begin"):
        entries = entries.filter(at__date__gte=begin)
    if end := given.get("end"):
        entries = entries.filter(at__date__lte=end)
    return entries


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


def part_of(entries: QuerySet[Entry], *, before: str | None, after: str | None) -> Part:
    """The PAGE_SIZE entries below number `before`, or above `after`, or the newest."""
    below, above = _number(before), _number(after)
    if above is not None:
        rows = list(entries.filter(number__gt=above).order_by("number")[: PAGE_SIZE + 1])
        further, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE][::-1]
        return Part(rows, rows[-1].number if rows else None, rows[0].number if further else None)
    if below is not None:
        entries = entries.filter(number__lt=below)
    rows = list(entries.order_by("-number")[: PAGE_SIZE + 1])
    further, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    older = rows[-1].number if further else None
    return Part(rows, older, rows[0].number if rows and below is not None else None)


def names_of(entries: Iterable[Entry]) -> dict[int, str]:
    """Who the actors are, by account number, in one query."""
    wanted = {entry.actor_id for entry in entries if entry.actor_id is not None}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "name"))


@dataclass(frozen=True)
class ChainStatus:
    """What the last verification found. `head` is the digest to compare with an anchor kept elsewhere."""

    verified: int
    head: str
    broken_at: int | None
    why: str
    at: datetime


def check_chain() -> ChainStatus:
    """Verify every entry now and remember the result."""
    found = verify()
    broken = found.broken
    status = ChainStatus(
        found.verified,
        found.head,
        broken.number if broken else None,
        broken.why if broken else "",
        timezone.now(),
    )
    cache.set(CHAIN, status, CHAIN_SECONDS)
    return status


def chain_status() -> ChainStatus | None:
    """The last verification, made now where the log is short; None where nobody has verified lately."""
    known: ChainStatus | None = cache.get(CHAIN)
    if known is None and Entry.objects.count() <= AT_ONCE:
        return check_chain()
    return known or _of_the_night()


def _of_the_night() -> ChainStatus | None:
    runs = Verification.objects.filter(what=AUDIT_LOG).exclude(finished_at=None)
    run = runs.order_by("-pk").first()
    if run is None or run.finished_at is None:
        return None
    return ChainStatus(run.checked, run.head, run.broken_at, run.fault, run.finished_at)
