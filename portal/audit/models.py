"""The log, without a foreign key: an entry outlives what it is about. And what its nightly check found."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Entry(models.Model):
    """One act. `number` counts without gaps; `digest` covers the entry and the digest before it."""

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    tag = models.CharField(max_length=80)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=200, help_text="role and pseudonym, or the process that acted")
    organisation_id = models.BigIntegerField(null=True)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id"]),
            models.Index(fields=["actor_id", "number"]),
            models.Index(fields=["tag", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.tag} {self.subject_type}:{self.subject_id}"


class Verification(models.Model):
    """A check of the log's chain, or of an index against the database: how far it got, and what it found."""

    what = models.CharField(max_length=160)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    checked = models.PositiveBigIntegerField("entries or rows that hold", default=0)
    head = models.CharField("digest of the last entry that holds", max_length=64, blank=True)
    broken_at = models.PositiveBigIntegerField("first entry that does not hold", null=True)
    fault = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["what"], condition=Q(finished_at=None), name="one_verification_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.fault or self.checked}"
