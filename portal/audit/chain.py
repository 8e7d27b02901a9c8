"""Hash chain over the log: canonical JSON of an entry and the digest of the one before, SHA-256."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from portal.audit.models import Entry

GENESIS = "0" * 64


def as_stored(details: dict[str, Any]) -> dict[str, Any]:
    """The details as every database gives them back: names for keys, whole numbers without a fraction.

    PostgreSQL keeps 1e20 as 100000000000000000000 and -0.0 as 0, which would not fit the digest any more.
    """
    return json.loads(json.dumps(details, allow_nan=False), parse_float=_number)


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


def digest_of(entry: Entry) -> str:
    """SHA-256 (hex) of the entry's content, `previous` included, as canonical JSON."""
    content = {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "tag": entry.tag,
        "actor_id": entry.actor_id,
        "actor": entry.actor,
        "organisation_id": entry.organisation_id,
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "reason": entry.reason,
        "details": entry.details,
        "previous": entry.previous,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Break:
    """Where the chain first fails, and how."""

    number: int
    why: str


@dataclass(frozen=True)
class Verdict:
    """What a verification found: how many entries hold, the last digest, the first break if any."""

    verified: int
    head: str
    broken: Break | None


def _fault(entry: Entry, expected_number: int, previous: str) -> str | None:
    if entry.number != expected_number:
        return f"entry {expected_number} is missing"
    if entry.previous != previous:
        return "does not follow the entry before it"
    if digest_of(entry) != entry.digest:
        return "was altered"
    return None


def verify(entries: Iterable[Entry] | None = None, *, verified: int = 0, head: str = GENESIS) -> Verdict:
    """Walk the whole chain, or `entries` from behind `verified` and its digest; stop at the first break."""
    if entries is None:
        entries = Entry.objects.order_by("number").iterator(chunk_size=5000)
    for entry in entries:
        why = _fault(entry, verified + 1, head)
        if why:
            return Verdict(verified, head, Break(verified + 1, why))
        verified, head = entry.number, entry.digest
    return Verdict(verified, head, None)
