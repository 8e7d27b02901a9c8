"""Searches are records: what was asked of which gallery, and the exact answer."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from portal.accounts.models import User
from portal.gallery.models import CustodyImage, CustodySubject
from portal.submissions.models import Campaign, Face, Still


class Occasion(models.TextChoices):
    """Why a search was made."""

    DECLARED = "declared", "The report was declared, or a face chosen"
    NEW_CUSTODY_IMAGES = "new_custody_images", "New custody images arrived"
    OFFICER_ASKED = "officer_asked", "An officer asked to search again"
    LONGER_LIST = "longer_list", "An officer asked for a longer list"


class Search(models.Model):
    """One search of one chosen face, with everything needed to replay it to the last bit."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    still = models.ForeignKey(Still, models.SET_NULL, null=True, related_name="searches")
    face = models.ForeignKey(Face, models.SET_NULL, null=True, related_name="searches")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="searches")
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    occasion = models.CharField(max_length=20, choices=Occasion, default=Occasion.DECLARED)
    basis = models.TextField("basis or reason of its own, beyond the campaign's grounds", blank=True)
    extends = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="longer",
        help_text="the search whose list was lengthened",
    )
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()

    probe_sha256 = models.CharField("sha256 of the original still", max_length=64)
    query = models.BinaryField("sealed query vector; empty once the still is erased", default=bytes)
    query_sha256 = models.CharField(max_length=64)
    model = models.CharField(max_length=40)
    model_version = models.CharField(max_length=64)
    detector = models.CharField(max_length=80)
    quality = models.JSONField(default=dict)

    list_length = models.PositiveSmallIntegerField()
    engine = models.CharField("search engine", max_length=40)
    grid = models.CharField(max_length=10)
    gallery_seq = models.PositiveBigIntegerField()
    gallery_size = models.PositiveBigIntegerField()
    gallery_digest = models.CharField(max_length=64)
    excluded_count = models.PositiveIntegerField()
    excluded_digest = models.CharField(max_length=64)
    crowd_mean = models.FloatField("mean cosine of ranks 11 to 200", null=True)
    crowd_spread = models.FloatField("spread of the same; empty where they are too few", null=True)
    unified_quality = models.FloatField("0 to 100, kept when the measures are erased", null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(list_length__gte=1, list_length__lte=200), name="searched_for_1_to_200"
            )
        ]
        indexes = [
            models.Index(fields=["still", "at"], condition=Q(extends=None), name="when_a_still_was_searched")
        ]

    def __str__(self) -> str:
        return f"Search {self.uid}"


class Candidate(models.Model):
    """A custody subject a search returned. Ids without foreign keys outlive an erasure."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    search = models.ForeignKey(Search, models.CASCADE, related_name="candidates")
    rank = models.PositiveSmallIntegerField()
    subject = models.ForeignKey(CustodySubject, models.SET_NULL, null=True, related_name="+")
    subject_uid = models.UUIDField()
    image = models.ForeignKey(CustodyImage, models.SET_NULL, null=True, related_name="+")
    template_id = models.BigIntegerField(db_index=True)
    score = models.FloatField(help_text="exact cosine of two grid vectors, fp64")

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["search", "rank"], name="one_candidate_per_rank"),
            models.UniqueConstraint(fields=["search", "subject_uid"], name="a_subject_once_per_list"),
        ]

    def __str__(self) -> str:
        return f"Candidate {self.rank} of {self.search_id}"


class Calibration(models.Model):
    """What scores and stills were measured to be worth, once; rows are never changed, the newest counts.

    So what a page showed at some moment can be said again from the rows that were there then.
    """

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    made_at = models.DateTimeField(db_index=True)
    made_by = models.CharField(max_length=120)
    basis = models.CharField("what it was measured on", max_length=300)
    model = models.CharField(max_length=40)
    model_version = models.CharField(max_length=64)
    gallery_size = models.PositiveBigIntegerField("persons in the gallery it was measured on")
    lines = models.JSONField("matching.calibration.Calibration")
    reliability = models.JSONField("matching.reliability.Reliability, or nothing", null=True)
    chances = models.JSONField("matching.chances.Chance, worst quality first", default=list)

    class Meta:
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"Calibration {self.uid}"
