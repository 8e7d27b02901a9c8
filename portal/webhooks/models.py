"""Webhooks of a retailer, what is to be delivered to them, and each attempt."""

from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from portal.accounts.models import Organisation, User
from portal.submissions.models import Offender
from portal.webhooks.states import DeliveryState


class Webhook(models.Model):
    """An address of a retailer's own system that is told of events; its secrets are sealed (portal.vault)."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    url = models.CharField("address", max_length=500)
    events = models.JSONField(default=list, help_text="values of portal.webhooks.states.Event")
    enabled = models.BooleanField(default=True)
    disabled_why = models.CharField(max_length=200, blank=True)
    failing_since = models.DateTimeField(null=True, help_text="first failure since the last success")
    secret = models.BinaryField()
    previous_secret = models.BinaryField(null=True)
    previous_until = models.DateTimeField(null=True, help_text="until then both secrets sign")
    after_entry = models.PositiveBigIntegerField(help_text="the log's last entry when it was made")
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """One message to one webhook. The row is the truth, with lease and token as in portal.work."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False, help_text="the message's webhook-id")
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    entry_number = models.PositiveBigIntegerField(null=True, help_text="of the log; null for a test")
    body = models.TextField(help_text="JSON as signed")
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, help_text="when a Celery message last went out")
    token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    made_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "entry_number", "event"], name="an_entry_is_told_once_per_webhook"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="deliveries_due"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.uid}"

    @property
    def message_id(self) -> str:
        """The same for every attempt: by it a receiver knows a repetition."""
        return f"msg_{self.uid.hex}"


class Attempt(models.Model):
    """How one attempt ended."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField(db_default=Now())
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField()
    error = models.CharField(max_length=200, blank=True)
    snippet = models.CharField("beginning of the answer", max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.number}: {self.status or self.error}"


class Cursor(models.Model):
    """How far the log was followed: one row."""

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)


class ToldStatus(models.Model):
    """The status code last told of an offender, so that only changes are told."""

    offender = models.OneToOneField(Offender, models.CASCADE, related_name="+")
    code = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.code
