"""What a check claims to be: a report and a custody record like those around it.

Numbers, kinds and habits are taken from real reports and records of the same force, so that a check does
not stand out; names are put together anew and no free text is copied.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils import timezone

from portal.accounts.models import Organisation
from portal.assurance.states import Origin
from portal.gallery.actions import CustodyRecord
from portal.gallery.models import CaseOutcome, CustodyImage
from portal.gallery.queries import not_planted
from portal.submissions.genuine import genuine
from portal.submissions.models import Campaign, Offender
from portal.submissions.states import OffenceType

RECENT = 200  # reports a pattern is taken from
KEPT = timedelta(days=3650)  # a planted image is withdrawn with its check, not by its review date
RANDOM = secrets.SystemRandom()
GOODS = ("spirits", "meat and cheese", "baby formula", "fragrance", "razor blades", "cosmetics", "coffee")
METHODS = (
    "Fills a bag at the shelf and leaves while somebody else is being served.",
    "Pays for a few cheap items and walks out with the rest.",
    "Comes with a bag that looks full and leaves by the entrance.",
    "Waits until the till is busy, then goes past it.",
)
CLOTHING = ("dark jacket, jeans", "grey hooded top", "black coat", "tracksuit", "light shirt, dark trousers")
BUILDS = ("slim", "medium", "heavy")
COPIED = (
    "offence", "clock_offset_minutes", "quantity", "recovered", "violence", "threats", "hate_element",
    "police_called", "offender_count", "organised", "footage_kept", "receipt_held", "statement_signed",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """Somebody a check is made of: a still (any accepted format), a custody view where there is one."""

    origin: Origin
    person: str
    still: bytes
    custody: bytes | None
    age: int | None = None
    sex: str = ""


def report_for(campaign: Campaign, description: dict[str, Any]) -> dict[str, Any]:
    """Fields of a report in the manner of the campaign's newest ones, dated so that it could be sent now."""
    pattern = _pattern(campaign)
    fields = {name: getattr(pattern, name) for name in COPIED}
    texts = {
        "goods": RANDOM.choice(GOODS),
        "method": RANDOM.choice(METHODS),
        "clothing": RANDOM.choice(CLOTHING),
        "build": description.get("build") or RANDOM.choice(BUILDS),
        "place_in_store": RANDOM.choice(("entrance", "self-checkout", "main aisle")),
        "camera": f"CAM {RANDOM.randint(1, 16):02}",
        "weapon": "not seen clearly",
    }
    # What the pattern leaves out is left out: an unusually full report would stand out.
    fields |= {name: text for name, text in texts.items() if getattr(pattern, name)}
    return fields | _dates(pattern) | {"value": _value(pattern)}


def _pattern(campaign: Campaign) -> Offender:
    known = Offender.objects.filter(genuine(), declared_at__isnull=False).order_by("-pk")
    here = list(known.filter(submission__campaign=campaign)[:RECENT])
    return RANDOM.choice(here) if here else Offender(offence=OffenceType.THEFT)


def _dates(pattern: Offender) -> dict[str, Any]:
    now, sent = timezone.now(), pattern.declared_at or timezone.now()
    start = pattern.started_at or sent - timedelta(days=4)
    waited = max(sent - start, timedelta(hours=2)) + timedelta(minutes=RANDOM.randint(-90, 90))
    begun = now - waited
    dates: dict[str, Any] = {"started_at": begun}
    if pattern.ended_at and pattern.started_at:
        dates["ended_at"] = begun + (pattern.ended_at - pattern.started_at)
    if pattern.footage_until:
        kept = max(pattern.footage_until - timezone.localdate(start), timedelta(days=1))
        dates["footage_until"] = timezone.localdate(begun) + kept
    return dates


def _value(pattern: Offender) -> Decimal | None:
    if pattern.value is None:
        return None
    return (pattern.value * Decimal(RANDOM.uniform(0.7, 1.3))).quantize(Decimal("0.01"))


# --- custody --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Example:
    image: CustodyImage
    another: CustodyImage


def _example(force: Organisation) -> _Example | None:
    real = CustodyImage.objects.filter(
        not_planted("subject__"), subject__force=force, erased_at=None, deletion_requested_at=None
    ).select_related("subject")
    highest = real.aggregate(highest=Max("pk"))["highest"]
    if highest is None:
        return None
    picked = [real.filter(pk__gte=RANDOM.randint(1, highest)).order_by("pk")[0] for _ in range(2)]
    return _Example(*picked)


def custody_record_for(force: Organisation, subject: Subject) -> CustodyRecord:
    """A record in the manner of the force's own, of nobody: number and name are made up."""
    today, example = timezone.localdate(), _example(force)
    if example is None:
        number = f"CR/{today.year}/{RANDOM.randint(1, 999_999):06}"
        return CustodyRecord(number, today - timedelta(days=200), today + KEPT, age_at_capture=subject.age)
    image, known = example.image, example.image.subject
    forename, surname = known.name.partition(" ")[0], example.another.subject.name.rpartition(" ")[2]
    return CustodyRecord(
        reference=_like(known.reference),
        captured_on=image.captured_on,
        review_on=today + KEPT,
        case_outcome=CaseOutcome(image.case_outcome),
        name=f"{forename} {surname}".strip(),
        age_at_capture=subject.age if image.age_at_capture is not None else None,
        sex=subject.sex if known.sex else "",
    )


def _like(reference: str) -> str:
    """The same pattern with other digits in its last number."""
    digits = list(re.finditer(r"\d+", reference))
    if not digits:
        return f"{reference[:50]}/{RANDOM.randint(1, 9999)}"
    last = digits[-1]
    made = "".join(str(RANDOM.randint(0, 9)) for _ in last.group())
    return reference[: last.start()] + made + reference[last.end() :]
