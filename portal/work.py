"""Work that cannot be lost: the row is the truth, a message only says "look now".

A row with these fields is claimed by one conditional UPDATE, holds a lease and a token, and is
settled once by that token. The sweeper sends again what waited too long or whose lease ran out;
after the last attempt the row is quarantined with its reason, visible and retryable.
Leases use the database's clock.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now

from matching.errors import WeightsMismatch, WeightsMissing
from portal import conf
from portal.audit.log import Actor, SystemActor, record
from portal.audit.tags import Tag
from portal.storage import StorageUnavailable


class WorkState(models.TextChoices):
    """Where a row's background work stands."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "In progress"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    QUARANTINED = "quarantined", "Set aside for an operator"


MOVES: dict[WorkState, frozenset[WorkState]] = {
    WorkState.QUEUED: frozenset({WorkState.RUNNING, WorkState.QUARANTINED}),
    WorkState.RUNNING: frozenset(
        {WorkState.DONE, WorkState.REFUSED, WorkState.QUEUED, WorkState.RUNNING, WorkState.QUARANTINED}
    ),
    WorkState.DONE: frozenset({WorkState.QUEUED}),
    WorkState.REFUSED: frozenset({WorkState.QUEUED}),
    WorkState.QUARANTINED: frozenset({WorkState.QUEUED}),
}


class Work(models.Model):
    """Fields of a row that background work is done on."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    work_state = models.CharField(max_length=12, choices=WorkState, default=WorkState.QUEUED, db_index=True)
    work_token = models.UUIDField(null=True, editable=False)
    work_lease_until = models.DateTimeField(null=True, editable=False)
    work_attempts = models.PositiveSmallIntegerField(default=0)
    work_queued_at = models.DateTimeField(db_default=Now())
    work_sent_at = models.DateTimeField(db_default=Now(), help_text="when a message last went out")
    work_finished_at = models.DateTimeField(null=True)
    work_error = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Claim:
    """The right of one worker to settle one row."""

    model: type[Work]
    pk: int
    token: UUID
    attempt: int


def _after(span: timedelta) -> ExpressionWrapper:
    return ExpressionWrapper(Now() + span, output_field=models.DateTimeField())


def _expired() -> Q:
    return Q(work_state=WorkState.RUNNING, work_lease_until__lt=Now())


def claim(model: type[Work], pk: int) -> Claim | None:
    """Take a queued row, or one whose lease ran out; None where somebody else has it or it is settled."""
    policy, token = conf.work_policy(), uuid4()
    rows = model._default_manager.filter(pk=pk, work_attempts__lt=policy.max_attempts)
    taken = rows.filter(Q(work_state=WorkState.QUEUED) | _expired()).update(
        work_state=WorkState.RUNNING,
        work_token=token,
        work_attempts=F("work_attempts") + 1,
        work_lease_until=_after(policy.lease),
    )
    if taken != 1:
        return None
    attempt = model._default_manager.values_list("work_attempts", flat=True).get(pk=pk)
    return Claim(model, pk, token, attempt)


def settle(held: Claim, state: WorkState = WorkState.DONE, *, error: str = "", **fields: Any) -> bool:
    """End the work once; False where the lease was lost meanwhile, and then nothing was written.

    Call it first in the transaction that writes the result, and give the result up where it is False.
    """
    changed = held.model._default_manager.filter(
        pk=held.pk, work_state=WorkState.RUNNING, work_token=held.token
    ).update(
        work_state=state,
        work_token=None,
        work_lease_until=None,
        work_finished_at=Now(),
        work_error=error[:500],
        **fields,
    )
    return changed == 1


@contextmanager
def attempt(held: Claim) -> Iterator[None]:
    """What ends badly in here is put back, uncounted where an operator has to mend something first.

    Every other exception is counted and goes on into the worker's log; the row decides what happens next.
    """
    try:
        yield
    except (WeightsMissing, WeightsMismatch, StorageUnavailable) as error:
        wait(held, str(error))
    except Exception as error:
        give_back(held, f"{type(error).__name__}: {error}")
        raise


def give_back(held: Claim, error: str) -> None:
    """After a failed attempt: wait for the sweeper, or be set aside after the last one."""
    if held.attempt >= conf.work_policy().max_attempts:
        quarantine(held.model, held.pk, error, only=Q(work_token=held.token))
        return
    held.model._default_manager.filter(
        pk=held.pk, work_state=WorkState.RUNNING, work_token=held.token
    ).update(work_state=WorkState.QUEUED, work_token=None, work_lease_until=None, work_error=error[:500])


def wait(held: Claim, why: str) -> None:
    """Put a row back without counting the attempt: the fault is the installation's, an operator mends it."""
    held.model._default_manager.filter(
        pk=held.pk, work_state=WorkState.RUNNING, work_token=held.token
    ).update(
        work_state=WorkState.QUEUED,
        work_token=None,
        work_lease_until=None,
        work_attempts=F("work_attempts") - 1,
        work_error=why[:500],
    )


@transaction.atomic
def quarantine(model: type[Work], pk: int, error: str, *, only: Q | None = None) -> bool:
    """Set a row aside with its reason, on the operator's page and in the log; `only` if that still holds."""
    live = Q(work_state__in=(WorkState.QUEUED, WorkState.RUNNING)) & (only or Q())
    changed = model._default_manager.filter(live, pk=pk).update(
        work_state=WorkState.QUARANTINED,
        work_token=None,
        work_lease_until=None,
        work_finished_at=Now(),
        work_error=error[:500],
    )
    if changed:
        record(
            Tag.WORK_QUARANTINED,
            actor=SystemActor("sweeper"),
            subject=_named(model, pk),
            reason=error,
        )
    return changed == 1


@transaction.atomic
def retry(model: type[Work], pk: int, *, by: Actor) -> bool:
    """An operator sends a quarantined row round again, with fresh attempts."""
    changed = model._default_manager.filter(pk=pk, work_state=WorkState.QUARANTINED).update(**requeued())
    if changed:
        record(Tag.WORK_RETRIED, actor=by, subject=_named(model, pk))
    return changed == 1


def _named(model: type[Work], pk: int) -> tuple[str, object]:
    """The row as every other entry of the log names it: by its uid."""
    return model._meta.label_lower, model._default_manager.values_list("uid", flat=True).get(pk=pk)


def requeued() -> dict[str, Any]:
    """The field values that put a row back to the start of its work."""
    return {
        "work_state": WorkState.QUEUED,
        "work_token": None,
        "work_lease_until": None,
        "work_attempts": 0,
        "work_queued_at": Now(),
        "work_sent_at": Now(),
        "work_finished_at": None,
        "work_error": "",
    }


def sweep(model: type[Work], send: Callable[[int], bool], *, at_most: int = 500) -> int:
    """Quarantine rows that used up their attempts, send again those that wait; how many were sent."""
    policy = conf.work_policy()
    rows = model._default_manager
    spent = Q(work_attempts__gte=policy.max_attempts) & (Q(work_state=WorkState.QUEUED) | _expired())
    for pk, error in rows.filter(spent).values_list("pk", "work_error"):
        quarantine(model, pk, error or "the worker process died each time it tried", only=spent)
    waiting = rows.filter(work_attempts__lt=policy.max_attempts).filter(
        Q(work_state=WorkState.QUEUED, work_sent_at__lt=_after(-policy.resend_after)) | _expired()
    )
    sent = 0
    for pk in list(waiting.order_by("work_queued_at").values_list("pk", flat=True)[:at_most]):
        if not send(pk):
            break  # the broker is away: next time
        rows.filter(pk=pk).update(work_sent_at=Now())
        sent += 1
    return sent
