"""Proof of erasure: what was erased, when, by whom, and which searches had returned it."""

from uuid import uuid4

from django.db import models
from django.db.models.functions import Now


class ErasureCertificate(models.Model):
    """Stays when everything it certifies is gone; holds identifiers, never what was erased."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    at = models.DateTimeField(db_default=Now())
    by = models.CharField(max_length=200, help_text="who erased, as the log names them")
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64, db_index=True)
    reason = models.CharField(max_length=300)
    sha256 = models.CharField("sha256 of the erased original", max_length=64)
    templates = models.JSONField(default=list, help_text="ids of the templates purged")
    files = models.PositiveSmallIntegerField(default=0, help_text="stored files deleted")
    receipts = models.JSONField(default=list, help_text="what the index read back after the purge")
    searches = models.JSONField(default=list, help_text="uids of the searches that had returned it")
    packages = models.JSONField(default=list, help_text="uids of the packages that had contained it")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Certificate {self.uid}"
