"""The only writer of webhooks: what a retailer's manager sets up."""

import base64
import secrets
from collections.abc import Collection
from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from portal import vault
from portal.accounts.models import User
from portal.audit.log import Actor, record
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.webhooks import guard
from portal.webhooks.models import Delivery, Webhook
from portal.webhooks.payloads import body_of
from portal.webhooks.states import TEST, DeliveryState, Event

MOST_WEBHOOKS = 10  # a retailer
OVERLAP = timedelta(hours=24)
SECRET_BYTES = 32  # Standard Webhooks: 24 to 64
SWITCHED_OFF = "Switched off by hand."


class WebhookRefused(Exception):
    """Something to put right: `field` names the entry, `message` says it."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _sealed(webhook: Webhook, secret: str) -> bytes:
    return vault.seal(secret.encode(), context=f"webhook:{webhook.uid}")


def secrets_of(webhook: Webhook) -> list[str]:
    """The secrets that sign now: the newest first, and the one before while they overlap."""
    sealed = [webhook.secret]
    if webhook.previous_secret and webhook.previous_until and webhook.previous_until > timezone.now():
        sealed.append(webhook.previous_secret)
    return [vault.unseal(bytes(one), context=f"webhook:{webhook.uid}").decode() for one in sealed]


def _checked(url: str, events: Collection[str]) -> tuple[str, list[str]]:
    if not events:
        raise WebhookRefused("Choose at least one event.", "events")
    try:
        guard.check(url.strip())
    except guard.AddressRefused as refused:
        raise WebhookRefused(refused.message, "url") from refused
    return url.strip(), sorted(Event(one).value for one in events)


def make_webhook(url: str, events: Collection[str], *, by: User) -> tuple[Webhook, str]:
    """A webhook of the manager's retailer and its secret, which is shown once; WebhookRefused."""
    url, chosen = _checked(url, events)  # looks the host up: not within the transaction
    if Webhook.objects.filter(organisation=by.organisation_id).count() >= MOST_WEBHOOKS:
        raise WebhookRefused(f"There can be {MOST_WEBHOOKS} webhooks at most. Remove one first.")
    secret, head = _new_secret(), Entry.objects.order_by("-number").values_list("number", flat=True).first()
    webhook = Webhook(
        uid=uuid4(),
        organisation_id=by.organisation_id,
        url=url,
        events=chosen,
        made_by=by,
        after_entry=head or 0,
    )
    webhook.secret = _sealed(webhook, secret)
    with transaction.atomic():
        webhook.save(force_insert=True)
        record(Tag.WEBHOOK_MADE, actor=by, subject=webhook, url=url, events=chosen)
    return webhook, secret


def change_webhook(webhook: Webhook, url: str, events: Collection[str], *, by: User) -> None:
    """Another address or other events; WebhookRefused."""
    url, chosen = _checked(url, events)
    with transaction.atomic():
        Webhook.objects.filter(pk=webhook.pk).update(url=url, events=chosen)
        record(Tag.WEBHOOK_CHANGED, actor=by, subject=webhook, url=url, events=chosen)


@transaction.atomic
def rotate_secret(webhook: Webhook, *, by: User) -> str:
    """A new secret, shown once; for OVERLAP messages carry a signature of each."""
    secret = _new_secret()
    row = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    Webhook.objects.filter(pk=row.pk).update(
        secret=_sealed(row, secret), previous_secret=row.secret, previous_until=timezone.now() + OVERLAP
    )
    record(Tag.WEBHOOK_SECRET_ROTATED, actor=by, subject=row)
    return secret


@transaction.atomic
def switch_on(webhook: Webhook, *, by: User) -> None:
    """Tell it of events again, from now on."""
    off = Webhook.objects.filter(pk=webhook.pk, enabled=False)
    if off.update(enabled=True, disabled_why="", failing_since=None) == 1:
        record(Tag.WEBHOOK_SWITCHED, actor=by, subject=webhook, on=True)


@transaction.atomic
def switch_off(webhook: Webhook, why: str = SWITCHED_OFF, *, by: Actor) -> None:
    """Tell it nothing more; what waits is given up and can be sent again by hand."""
    on = Webhook.objects.filter(pk=webhook.pk, enabled=True)
    if on.update(enabled=False, disabled_why=why[:200]) == 1:
        waiting = Delivery.objects.filter(webhook=webhook.pk, state=DeliveryState.WAITING)
        waiting.update(state=DeliveryState.FAILED, settled_at=Now(), token=None, lease_until=None)
        record(Tag.WEBHOOK_SWITCHED, actor=by, subject=webhook, on=False, why=why)


@transaction.atomic
def remove_webhook(webhook: Webhook, *, by: User) -> None:
    """The webhook, its secrets and its log are gone."""
    deleted, _ = Webhook.objects.filter(pk=webhook.pk).delete()
    if deleted:
        record(Tag.WEBHOOK_REMOVED, actor=by, subject=("webhooks.webhook", webhook.uid))


def send_test(webhook: Webhook) -> Delivery:
    """Queue a message that says nothing; WebhookRefused while the webhook is switched off."""
    if not webhook.enabled:
        raise WebhookRefused("Switch the webhook on first.")
    return Delivery.objects.create(webhook=webhook, event=TEST, body=body_of(TEST, timezone.now(), {}))


def redeliver(delivery: Delivery) -> None:
    """Send it again from the first attempt on, with the same id; WebhookRefused while it waits anyway."""
    if not Webhook.objects.filter(pk=delivery.webhook_id, enabled=True).exists():
        raise WebhookRefused("Switch the webhook on first.")
    settled = Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.WAITING)
    again = settled.update(
        state=DeliveryState.WAITING, attempts=0, due_at=Now(), sent_at=None, settled_at=None, token=None
    )
    if again != 1:
        raise WebhookRefused("This message is still being tried.")
