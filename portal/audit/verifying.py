"""Checking by night that the log's chain holds and that indexes hold what the database holds.

A long log is walked in parts: a run goes on where it stopped, and ends at the newest entry.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from portal.audit.chain import GENESIS, verify
from portal.audit.log import SystemActor, record
from portal.audit.models import Entry, Verification
from portal.audit.tags import Tag

AUDIT_LOG = "audit log"
NIGHT = 2  # o'clock, local: the first look after it begins the night's run
PART = 10_000  # entries read in one go
AT_MOST = 50_000  # entries in one task: a few seconds, so that nothing waits behind it
STALE = timedelta(hours=1)  # a run of one piece that is older was interrupted
OVERDUE = timedelta(hours=50)  # two nights and a little
CUT = "is no longer what was verified another night: the log was cut or rewritten"
VERIFIER = SystemActor("verifier")
log = structlog.get_logger(__name__)


# --- runs -----------------------------------------------------------------------------------------
def is_due(what: str) -> bool:
    """Whether nobody has begun since the last night hour."""
    now = timezone.localtime()
    night = now.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    last = night if now >= night else night - timedelta(days=1)
    return not Verification.objects.filter(what=what, started_at__gte=last).exists()


def begin(what: str) -> Verification | None:
    """The run that is under way, or a new one where one is due."""
    unfinished = Verification.objects.filter(what=what, finished_at=None).first()
    if unfinished is not None or not is_due(what):
        return unfinished
    return Verification.objects.get_or_create(what=what, finished_at=None)[0]


def begin_whole(what: str) -> Verification | None:
    """As begin(), for a run of one piece: None where another process is at it."""
    run = begin(what)
    if run is None:
        return None
    now = timezone.now()
    free = Verification.objects.filter(pk=run.pk, finished_at=None, head="")
    free |= Verification.objects.filter(pk=run.pk, finished_at=None, started_at__lt=now - STALE)
    return run if free.update(head="taken", started_at=now) == 1 else None


@transaction.atomic
def finish(run: Verification, *, checked: int, fault: str = "", broken_at: int | None = None) -> None:
    """Keep what was found, where the operator looks and in the log."""
    fields = {"checked": checked, "fault": fault[:300], "broken_at": broken_at}
    held = Verification.objects.filter(pk=run.pk, finished_at=None)
    if held.update(**fields, finished_at=timezone.now()) != 1:
        return  # somebody else's worker was quicker
    run.refresh_from_db()
    if fault:
        log.error("verification_failed", what=run.what, why=fault)
    subject = ("audit.verification", run.pk)
    record(Tag.VERIFIED, actor=VERIFIER, subject=subject, what=run.what, checked=checked, fault=fault)


def newest() -> list[Verification]:
    """The last finished run of each thing that is verified."""
    finished = Verification.objects.exclude(finished_at=None).order_by()
    last = finished.values("what").annotate(last=Max("pk")).values("last")
    return list(Verification.objects.filter(pk__in=last).order_by("what"))


def is_overdue(run: Verification) -> bool:
    """Whether the nights since have passed without another."""
    return run.started_at < timezone.now() - OVERDUE


# --- the log --------------------------------------------------------------------------------------
def verify_log(*, at_most: int = AT_MOST) -> Verification | None:
    """Begin the night's run where it is due, or go on with it by at most so many entries; the run, if any."""
    run = begin(AUDIT_LOG)
    while run is not None and run.finished_at is None and at_most > 0:
        at_most -= PART
        _walk(run)
    return run


def _walk(run: Verification) -> None:
    entries = list(Entry.objects.filter(number__gt=run.checked).order_by("number")[:PART])
    found = verify(entries, verified=run.checked, head=run.head or GENESIS)
    here = Verification.objects.filter(pk=run.pk, checked=run.checked, finished_at=None)
    here.update(checked=found.verified, head=found.head)
    run.refresh_from_db()
    if found.broken is not None:
        finish(run, checked=found.verified, fault=found.broken.why, broken_at=found.broken.number)
    elif len(entries) < PART:
        lost = _lost_since(run)
        finish(run, checked=run.checked, fault=CUT if lost else "", broken_at=lost)


def _lost_since(run: Verification) -> int | None:
    """The entry the last good run ended at, where it is gone: a chain cut or rewritten holds by itself."""
    good = Verification.objects.filter(what=AUDIT_LOG, fault="", pk__lt=run.pk).exclude(finished_at=None)
    known = good.order_by("-pk").first()
    if known is None or not known.checked:
        return None
    still_there = Entry.objects.filter(number=known.checked, digest=known.head).exists()
    return None if still_there else known.checked
