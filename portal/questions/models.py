"""A question of an officer to the retailer that reported an offender, and its answer."""

from datetime import date
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from portal.accounts.models import User
from portal.questions.states import Kind, QuestionState
from portal.submissions.models import Offender, Still


class Question(models.Model):
    """Retailers see kind, text, due date and their own answer; who asked is "an officer" to them."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    offender = models.ForeignKey(Offender, models.CASCADE, related_name="questions")
    kind = models.CharField("what is asked for", max_length=15, choices=Kind)
    text = models.CharField(max_length=1000)
    due_on = models.DateField("wanted by")
    state = models.CharField(max_length=10, choices=QuestionState, default=QuestionState.OPEN)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())

    provided = models.BooleanField("the retailer has what was asked for", null=True)
    answer = models.CharField("answer, or why it is not there", max_length=2000, blank=True)
    collect_from = models.CharField("where it can be collected", max_length=300, blank=True)
    stills = models.ManyToManyField(Still, related_name="+")
    answered_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    answered_at = models.DateTimeField(null=True)
    considered_at = models.DateTimeField("since when the new stills are with the reviewers", null=True)

    withdrawn_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=QuestionState.ANSWERED, answered_at__isnull=False, provided__isnull=False)
                | ~Q(state=QuestionState.ANSWERED) & Q(answered_at=None, provided=None),
                name="an_answer_exactly_when_answered",
            )
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state=QuestionState.OPEN), name="open_questions")
        ]

    def __str__(self) -> str:
        return f"Question {self.uid}"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for the retailer."""
        return self.state == QuestionState.OPEN

    def days_left(self, today: date | None = None) -> int:
        """Days until it is due; negative once it is overdue."""
        return (self.due_on - (today or timezone.localdate())).days

    @property
    def is_overdue(self) -> bool:
        """Open, and the day has passed."""
        return self.is_open and self.days_left() < 0


class Document(models.Model):
    """A file that came with an answer: kept as it was sent, never decoded (portal.questions.documents)."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    question = models.ForeignKey(Question, models.CASCADE, related_name="documents")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    name = models.CharField("file name as sent", max_length=255, blank=True)
    format = models.CharField("by its first bytes", max_length=10)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveIntegerField()
    key = models.CharField("in the storage of originals", max_length=100)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["question", "sha256"], name="document_once_per_question")
        ]

    def __str__(self) -> str:
        return f"Document {self.uid}"


class PlannedAnswer(models.Model):
    """When a question about a known-answer check is answered, and how (portal.questions.stand_ins)."""

    question = models.OneToOneField(Question, models.CASCADE, related_name="planned")
    answer_at = models.DateTimeField("none: left unanswered, as some are", null=True)
    provided = models.BooleanField("whether the sender is to have it")

    def __str__(self) -> str:
        return f"Answer to {self.question_id}"
