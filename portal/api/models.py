"""What only the API keeps: a retailer's tokens, and what an Idempotency-Key already did."""

from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from knox.models import AbstractAuthToken

from portal.accounts.models import Organisation, User


class Token(AbstractAuthToken):
    """The right of one of a retailer's programs to act as an account of that retailer; stored as a digest."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField("what it is for", max_length=80)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    scopes = models.JSONField(default=list, help_text="values of portal.api.scopes.Scope")
    last_used_on = models.DateField(null=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name


class CreationKey(models.Model):
    """An Idempotency-Key that a retailer's program sent, and what it stands for."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=64)
    subject = models.UUIDField("uid of what it made or changed", null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "key"], name="creation_key_once_per_retailer")
        ]

    def __str__(self) -> str:
        return self.key
