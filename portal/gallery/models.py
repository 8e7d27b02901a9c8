"""Custody subjects and images, their templates, and the ordered log of what the index must hold."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from portal.accounts.models import Organisation, User
from portal.work import Work


class CaseOutcome(models.TextChoices):
    """How the matter an image was taken for ended; decides how long it may be kept."""

    CHARGED = "charged", "Charged, not yet decided"
    CONVICTED = "convicted", "Convicted"
    ACQUITTED = "acquitted", "Acquitted"
    NFA = "nfa", "No further action"
    OUT_OF_COURT = "out_of_court", "Out-of-court disposal"
    PENDING = "pending", "Under investigation"
    UNKNOWN = "unknown", "Not known"


class CustodySubject(models.Model):
    """A person with custody images. `uid` is the only name a blind page or a candidate list uses."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    force = models.ForeignKey(Organisation, models.PROTECT, related_name="custody_subjects")
    reference = models.CharField("custody record number", max_length=60)
    name = models.CharField(max_length=160, blank=True)
    born_on = models.DateField(null=True, blank=True)
    sex = models.CharField("sex, as recorded", max_length=20, blank=True)
    ethnicity = models.CharField("ethnicity, as recorded", max_length=40, blank=True)
    pnc_id = models.CharField("PNC ID", max_length=20, blank=True)
    cro_number = models.CharField("CRO number", max_length=20, blank=True)
    only_for = models.UUIDField(
        "the one offender whose list may hold this planted subject", null=True, editable=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["force", "reference"],
                condition=Q(only_for=None),
                name="custody_reference_once_per_force",
            )
        ]
        indexes = [models.Index(fields=["id"], condition=~Q(only_for=None), name="custody_planted")]

    def __str__(self) -> str:
        return f"Custody subject {self.uid}"


class CustodyImage(Work):
    """One custody image. Not searchable from the moment its review date passes or deletion is asked for."""

    subject = models.ForeignKey(CustodySubject, models.PROTECT, related_name="images")
    imported_at = models.DateTimeField(db_default=Now())
    captured_on = models.DateField()
    age_at_capture = models.PositiveSmallIntegerField(null=True)
    case_outcome = models.CharField(max_length=15, choices=CaseOutcome, default=CaseOutcome.UNKNOWN)
    review_on = models.DateField("review date", db_index=True)
    deletion_requested_at = models.DateTimeField(null=True)
    deletion_requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    deletion_reason = models.CharField(max_length=300, blank=True)
    erased_at = models.DateTimeField(null=True)

    original_key = models.CharField(max_length=100, blank=True)
    original_sha256 = models.CharField(max_length=64, db_index=True)
    copy_key = models.CharField("normalised copy", max_length=100, blank=True)
    copy_sha256 = models.CharField(max_length=64, blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    box = models.JSONField("the face: x, y, w, h in pixels of the copy", null=True)
    landmarks = models.JSONField(null=True)
    quality = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "original_sha256"], name="custody_image_once")
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=~Q(deletion_requested_at=None), name="custody_deletion_requested"
            )
        ]

    def __str__(self) -> str:
        return f"Custody image {self.uid}"


class Template(models.Model):
    """A face as numbers, for one model. Protected like a photograph: sealed at rest (portal.vault)."""

    image = models.ForeignKey(CustodyImage, models.PROTECT, related_name="templates")
    model = models.CharField(max_length=40)
    model_version = models.CharField(max_length=64)
    detector = models.CharField(max_length=80)
    grid = models.CharField(max_length=10)
    vector = models.BinaryField(help_text="sealed float32 components, unit length, on the grid")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["image", "model", "model_version"], name="one_template_per_model_version"
            )
        ]
        indexes = [models.Index(fields=["model", "model_version"], name="template_by_version")]

    def __str__(self) -> str:
        return f"Template {self.pk} ({self.model})"


class EventKind(models.TextChoices):
    """What an event does to the index."""

    ADDED = "added", "Template added"
    PURGED = "purged", "Template purged"


class Event(models.Model):
    """The ordered log the index follows. `seq` has no gaps and commits in order; rows outlive templates."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    kind = models.CharField(max_length=6, choices=EventKind)
    template_id = models.BigIntegerField(db_index=True)
    model = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind} {self.template_id}"


class Epoch(models.Model):
    """Which database this is: an index made from another one is foreign and rebuilt."""

    uid = models.UUIDField(default=uuid4, editable=False)

    def __str__(self) -> str:
        return str(self.uid)


class Serving(models.Model):
    """One row: the model this gallery is searched with, once it was switched; until then the settings say."""

    model = models.CharField(max_length=40)
    model_version = models.CharField(max_length=64)
    weights_dir = models.CharField(max_length=500, blank=True)
    since = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.model} {self.model_version}"
