"""How the service is doing, as far as the web process can tell: no reading ever raises."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Min, QuerySet
from kombu.exceptions import OperationalError

from matching import catalogue
from matching.errors import EngineFault
from portal import conf, work
from portal.accounts.models import User
from portal.audit import verifying
from portal.audit.models import Verification
from portal.cases.actions.packages import MAKE_PACKAGE
from portal.cases.queries import packages_for
from portal.celery import BULK, INTERACTIVE, app, send_on_commit
from portal.gallery import serving
from portal.gallery.actions import ENROL
from portal.notifications.models import Mail
from portal.notifications.states import MailState
from portal.oversight.scope import (
    custody_images_for,
    mails_for,
    refused_uploads_for,
    searches_again_for,
    stills_for,
)
from portal.reviews.again import SEARCH_AGAIN
from portal.submissions.actions import PROCESS_STILL
from portal.work import WorkState

PING_SECONDS = 0.7
WORKERS = "oversight:workers"
WORKERS_KEPT_SECONDS = 8
LITTLE_SPACE = 0.1
TOP_CODES = 20
TOP_REASONS = 5


# --- work -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Queue:
    """One kind of work: how many rows in each state, and since when the oldest waits."""

    label: str
    counts: list[tuple[str, str, int]]  # state, its label, rows
    oldest: datetime | None
    failing: list[tuple[str, int]]  # the reasons of rows that wait for another attempt, and how many

    @property
    def waiting(self) -> int:
        """Rows that nobody works on yet."""
        return sum(count for state, _, count in self.counts if state == WorkState.QUEUED)


def queues(user: User) -> list[Queue]:
    """Every kind of work of the user's force."""
    return [_queue(kind.label, kind.rows(user)) for kind in KINDS.values()]


def _queue(label: str, rows: QuerySet[Any]) -> Queue:
    # Only those that wait are asked since when: the counts are then read from an index alone.
    known = dict(rows.order_by().values_list("work_state").annotate(count=Count("pk")))
    counts = [(state.value, str(state.label), known.get(state, 0)) for state in WorkState]
    waiting = rows.filter(work_state=WorkState.QUEUED).order_by().values_list("work_error")
    reasons = list(waiting.annotate(count=Count("pk"), since=Min("work_queued_at")).order_by("-count"))
    failing = [(reason, count) for reason, count, _ in reasons if reason][:TOP_REASONS]
    return Queue(label, counts, min((since for _, _, since in reasons), default=None), failing)


def refusals(user: User) -> list[tuple[str, int]]:
    """Codes of refused uploads and how often, most frequent first."""
    found = refused_uploads_for(user).order_by().values_list("code").annotate(count=Count("pk"))
    return list(found.order_by("-count", "code")[:TOP_CODES])


# --- messages -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Post:
    """E-mails to the force's people and retailers: how many wait and since when, why, and how many failed."""

    waiting: int
    oldest: datetime | None
    failed: int
    trouble: str  # the newest reason why a waiting one was not sent at the first attempt


def post(user: User) -> Post:
    """How the mail gets on."""
    mails = mails_for(user).order_by()
    waiting = mails.filter(state__in=(MailState.QUEUED, MailState.SENDING))
    number = waiting.aggregate(count=Count("pk"), oldest=Min("made_at"))
    trouble = waiting.exclude(error="").order_by("-pk").values_list("error", flat=True).first() or ""
    failed = mails.filter(state=MailState.FAILED).count()
    return Post(number["count"], number["oldest"], failed, trouble)


def failed_mails(user: User) -> QuerySet[Mail]:
    """Messages that were given up, the newest first."""
    return mails_for(user).filter(state=MailState.FAILED)


# --- the machines ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Workers:
    """Which workers answered; `broker` is False where Redis could not be reached."""

    broker: bool
    names: list[str]

    @property
    def ok(self) -> bool:
        """Somebody is there to work."""
        return self.broker and bool(self.names)


def workers() -> Workers:
    """Ask every worker, at most once in WORKERS_KEPT_SECONDS for all pages together."""
    known: Workers | None = cache.get(WORKERS)
    if known is None:
        known = _ping()
        cache.set(WORKERS, known, WORKERS_KEPT_SECONDS)
    return known


def _ping() -> Workers:
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=1)
            answers = app.control.inspect(timeout=PING_SECONDS, connection=connection).ping()
    except (OperationalError, OSError):
        return Workers(False, [])
    return Workers(True, sorted(answers or {}))


def weights_fault() -> str:
    """Why no worker can match; empty where the weights are there and are the pinned ones."""
    try:
        catalogue.check(serving.serving_settings())
    except EngineFault as error:
        return str(error)
    return ""


def version_fault() -> str:
    """Why no search would find anybody, and the command that mends it; empty where all is well."""
    try:
        return serving.version_fault()
    except EngineFault:
        return ""  # weights_fault says it


@dataclass(frozen=True)
class Verified:
    """The last nightly check of the log or of an index; `overdue`: the nights since passed without one."""

    run: Verification
    overdue: bool


def verified() -> list[Verified]:
    """What was verified last, and what it found."""
    return [Verified(run, verifying.is_overdue(run)) for run in verifying.newest()]


@dataclass(frozen=True)
class Disk:
    """A file system the service writes to; bytes."""

    what: str
    free: int
    total: int

    @property
    def low(self) -> bool:
        """Less than a tenth is left."""
        return self.free < self.total * LITTLE_SPACE


def disks() -> Iterator[Disk]:
    """The state directory, and the files where they are local and on another file system."""
    seen: set[int] = set()
    for what, path in _places():
        existing = next(one for one in (path, *path.parents) if one.exists())
        device = existing.stat().st_dev
        if device not in seen:
            seen.add(device)
            usage = shutil.disk_usage(existing)
            yield Disk(what, usage.free, usage.total)


def _places() -> Iterator[tuple[str, Path]]:
    yield "State and index", conf.state_dir()
    for name, storage in settings.STORAGES.items():
        if (
            location := storage.get("OPTIONS", {}).get("location")
            if settings.STORAGE_BACKEND == "file"
            else None
        ):
            yield f"Files ({name})", Path(location)


@dataclass(frozen=True)
class Kind:
    """A kind of work as addresses and pages name it, its rows, and the task that does it."""

    slug: str
    label: str
    rows: Callable[[User], QuerySet[Any]]
    task: str
    queue: str
    argument: str


KINDS = {
    kind.slug: kind
    for kind in (
        Kind("stills", "Stills", stills_for, PROCESS_STILL, INTERACTIVE, "still_id"),
        Kind("custody-images", "Custody images", custody_images_for, ENROL, BULK, "image_id"),
        Kind("packages", "Packages", packages_for, MAKE_PACKAGE, BULK, "package_id"),
        Kind("searches-again", "Searches again", searches_again_for, SEARCH_AGAIN, BULK, "again_id"),
    )
}


def quarantined(kind: Kind, user: User) -> QuerySet[Any]:
    """Rows of the user's force that were set aside, the newest first."""
    return kind.rows(user).filter(work_state=WorkState.QUARANTINED).order_by("-work_finished_at", "-pk")


def send_again(kind: Kind, pk: int, *, by: User) -> bool:
    """Put a quarantined row back to its start; False where it no longer is quarantined."""
    again = work.retry(kind.rows(by).model, pk, by=by)
    if again:
        send_on_commit(kind.task, queue=kind.queue, **{kind.argument: pk})
    return again
