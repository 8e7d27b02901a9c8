"""What each person wants to be told, what there is to tell, and the messages that tell it."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from portal.accounts.models import User
from portal.notifications.states import Frequency, Kind, MailState


class Preference(models.Model):
    """How often a person wants to hear of one kind; without a row the usual applies (states.USUAL)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=15, choices=Kind)
    frequency = models.CharField(max_length=10, choices=Frequency)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_wish_per_kind")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind} {self.frequency}"


class Cursor(models.Model):
    """How far a follower has come: in the audit log by number, with the reminders by day."""

    name = models.CharField(max_length=20, primary_key=True)
    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.number}"


class Mail(models.Model):
    """One message to one person. It holds counts and links, and nothing about anybody."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="mails")
    subject = models.CharField(max_length=200)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=MailState, default=MailState.QUEUED)
    made_at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField("workers that died while sending it", default=0)
    lease_until = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField("sent or given up", null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=[MailState.QUEUED, MailState.SENDING]),
                name="mail_under_way",
            ),
            models.Index(fields=["-id"], condition=Q(state=MailState.FAILED), name="mail_failed"),
        ]

    def __str__(self) -> str:
        return f"Mail {self.uid}"


class Notice(models.Model):
    """One thing to tell one person; `key` names it, so that it is told once. `mail` is what told it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=15, choices=Kind)
    key = models.CharField(max_length=80)
    made_at = models.DateTimeField(db_default=Now())
    mail = models.ForeignKey(Mail, models.CASCADE, related_name="notices", null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "key"], name="told_once")]
        indexes = [models.Index(fields=["user"], condition=Q(mail=None), name="notice_to_tell")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} for {self.user_id}"
