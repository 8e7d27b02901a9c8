"""One delivery: claimed by one conditional UPDATE, sent, settled once by its token.

A worker that dies between sending and settling leaves a lease that runs out, and the message is sent again
with the same id: at least once, and the receiver can tell.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import standardwebhooks
from django.conf import settings
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from portal.audit.log import SystemActor
from portal.webhooks.actions import secrets_of, switch_off
from portal.webhooks.models import Attempt, Delivery, Webhook
from portal.webhooks.sending import Answer, post
from portal.webhooks.states import DELAYS, JITTER, MOST_ATTEMPTS, DeliveryState

LEASE = timedelta(seconds=45)  # longer than looking up, connecting and TOTAL_SECONDS together
RESEND = timedelta(seconds=30)  # a Celery message that was lost
GONE = 410  # the receiver wants no more (Standard Webhooks)
MESSENGER = SystemActor("webhooks")


@dataclass(frozen=True)
class Held:
    """The right to settle one delivery, and which attempt this is."""

    pk: int
    token: UUID
    attempt: int


def _after(span: timedelta) -> ExpressionWrapper:
    return ExpressionWrapper(Now() + span, output_field=models.DateTimeField())


def _due() -> QuerySet[Delivery]:
    free = Q(token=None) | Q(lease_until__lt=Now())
    waiting = Delivery.objects.filter(free, state=DeliveryState.WAITING, due_at__lte=Now())
    return waiting.filter(webhook__enabled=True)


def due(at_most: int = 500) -> list[int]:
    """Deliveries to send a Celery message for, the longest due first; each is named once per RESEND."""
    unsent = _due().filter(Q(sent_at=None) | Q(sent_at__lt=_after(-RESEND)) | Q(sent_at__lt=F("due_at")))
    chosen = list(unsent.order_by("due_at", "pk").values_list("pk", flat=True)[:at_most])
    Delivery.objects.filter(pk__in=chosen).update(sent_at=Now())
    return chosen


def claim(pk: int) -> Held | None:
    """Take a delivery that is due; None where somebody else has it, it is settled, or not due yet."""
    token = uuid4()
    # The condition on the row itself is looked at again under its lock; what _due() says is a subquery.
    free = Delivery.objects.filter(Q(token=None) | Q(lease_until__lt=Now()), state=DeliveryState.WAITING)
    taken = free.filter(pk=pk, pk__in=_due().values("pk"))
    if taken.update(token=token, lease_until=_after(LEASE), attempts=F("attempts") + 1) != 1:
        return None
    return Held(pk, token, Delivery.objects.values_list("attempts", flat=True).get(pk=pk))


def send(held: Held) -> Answer:
    """Sign with every secret that is valid now, and send."""
    delivery = Delivery.objects.select_related("webhook").get(pk=held.pk)
    headers = signed(delivery.message_id, datetime.now(UTC), delivery.body, secrets_of(delivery.webhook))
    return post(delivery.webhook.url, delivery.body.encode(), headers)


def signed(message_id: str, at: datetime, body: str, keys: list[str]) -> dict[str, str]:
    """The headers of Standard Webhooks; a signature per key."""
    signatures = [standardwebhooks.Webhook(key).sign(message_id, at, body) for key in keys]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Stillmatch-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@transaction.atomic
def settle(held: Held, answer: Answer) -> bool:
    """Write down how the attempt ended; False where the lease was lost meanwhile, and nothing was written."""
    last = held.attempt >= MOST_ATTEMPTS
    state = DeliveryState.FAILED if last else DeliveryState.WAITING
    fields = {"due_at": _after(_delay(held.attempt))} if not last else {}
    if answer.accepted:
        state, fields = DeliveryState.DELIVERED, {}
    mine = Delivery.objects.filter(pk=held.pk, token=held.token, state=DeliveryState.WAITING)
    settled_at = None if state == DeliveryState.WAITING else Now()
    if mine.update(state=state, token=None, lease_until=None, settled_at=settled_at, **fields) != 1:
        return False
    Attempt.objects.create(
        delivery_id=held.pk,
        number=held.attempt,
        status=answer.status,
        milliseconds=answer.milliseconds,
        error=answer.error,
        snippet=answer.snippet,
    )
    _note(Webhook.objects.get(deliveries=held.pk), answer)
    return True


def _delay(attempt: int) -> timedelta:
    """How long after this attempt (from 1) the next one follows, varied so that many do not come at once."""
    vary = 1 + JITTER * (2 * secrets.SystemRandom().random() - 1)
    return DELAYS[min(attempt, len(DELAYS)) - 1] * vary


def _note(webhook: Webhook, answer: Answer) -> None:
    """Keep since when the webhook fails, and switch it off when that is too long, or it says it is gone."""
    if answer.accepted:
        Webhook.objects.filter(pk=webhook.pk).exclude(failing_since=None).update(failing_since=None)
        return
    Webhook.objects.filter(pk=webhook.pk, failing_since=None).update(failing_since=Now())
    days = settings.WEBHOOK_DISABLE_DAYS
    if answer.status == GONE:
        switch_off(webhook, "It answered 410 Gone.", by=MESSENGER)
    elif webhook.failing_since and webhook.failing_since < timezone.now() - timedelta(days=days):
        switch_off(webhook, f"Every delivery failed for {days} days.", by=MESSENGER)


def tidy() -> int:
    """Forget settled deliveries after settings.WEBHOOK_LOG_DAYS; how many."""
    before = timezone.now() - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    return Delivery.objects.filter(settled_at__lt=before).delete()[0]
