"""Known-answer checks, what reviewers made of them, and what became known later of real decisions."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from portal.accounts.models import Organisation, User
from portal.assurance.states import CheckState, Grade, Origin, TruthKind
from portal.reviews.models import Decision, Review
from portal.reviews.states import Stage
from portal.submissions.models import Offender


class CheckPolicy(models.Model):
    """How often a check enters a force's queue, and how far its decisions have been counted for it."""

    force = models.OneToOneField(Organisation, models.PROTECT, related_name="+")
    percent = models.FloatField(null=True, help_text="of what enters the queue; none: the service's rate")
    counted_to = models.BigIntegerField(default=0, help_text="newest decision that was counted")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent=None) | Q(percent__gte=0, percent__lte=50), name="checks_at_most_half"
            )
        ]

    def __str__(self) -> str:
        return f"{self.force}: {self.percent} %"


class Check(models.Model):
    """A made-up offender whose answer is known. Once in the queue it is an offender like any other.

    `offender_uid` is fixed when the check is prepared: the planted subject is tied to it from the start.
    """

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    force = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=CheckState, default=CheckState.PREPARED, db_index=True)
    origin = models.CharField(max_length=10, choices=Origin)
    person = models.CharField("which person of that origin", max_length=60)
    subject_uid = models.UUIDField("the planted custody subject; none where the target is absent", null=True)
    offender_uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    offender = models.OneToOneField(Offender, models.PROTECT, null=True, related_name="+")
    picture_key = models.CharField("stored still, until it enters the queue", max_length=100, blank=True)
    description = models.JSONField("what a report would say of the person", default=dict)
    prepared_at = models.DateTimeField(db_default=Now())
    entering_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(null=True)
    percent = models.FloatField("rate at which it entered", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=CheckState.ENTERED) | Q(offender__isnull=False), name="entered_as_offender"
            )
        ]

    def __str__(self) -> str:
        return f"Check {self.uid}"


class CheckResult(models.Model):
    """How one review of a check ended. `listed`: whether the planted subject was in the list at all."""

    check_taken = models.ForeignKey(Check, models.PROTECT, related_name="results")
    review = models.OneToOneField(Review, models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(User, models.PROTECT, related_name="+")
    stage = models.CharField(max_length=15, choices=Stage)
    listed = models.BooleanField()
    grade = models.CharField(max_length=12, choices=Grade)
    reviewed_at = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["reviewed_at", "id"]
        indexes = [models.Index(fields=["reviewer", "reviewed_at"], name="check_results_of_reviewer")]

    def __str__(self) -> str:
        return f"{self.grade} at {self.check_taken_id}"


class LaterTruth(models.Model):
    """What became known of an identification after it was made. The newest entry stands; none is removed."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="later_truths")
    subject_uid = models.UUIDField("the custody subject it is about")
    kind = models.CharField(max_length=12, choices=TruthKind)
    source = models.CharField(
        max_length=200, help_text="where it is known from, e.g. custody record or court"
    )
    known_on = models.DateField("date it became known")
    note = models.CharField(max_length=500, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.decision_id}"
