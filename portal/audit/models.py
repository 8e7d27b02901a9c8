"""One table, without a foreign key: an entry outlives what it is about."""

from django.db import models


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
