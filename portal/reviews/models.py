"""A decision on each offender, the reviews it rests on, and the judgements inside them."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from portal.accounts.models import Organisation, User
from portal.reviews.states import LIVE, DecisionState, Outcome, ReviewState, Stage, Verdict
from portal.searches.models import Candidate, Search
from portal.submissions.models import Offender
from portal.work import Work


class Decision(models.Model):
    """The one decision on an offender. The database itself refuses "identified" without two people."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    offender = models.OneToOneField(Offender, models.PROTECT, related_name="decision")
    # The offender's campaign has it too, and neither ever changes: here the queue asks one table, not four.
    force = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(
        max_length=20, choices=DecisionState, default=DecisionState.AWAITING_FIRST, db_index=True
    )
    entered_at = models.DateTimeField("in this state since", db_default=Now())
    round = models.PositiveSmallIntegerField("1, and one more each time it is reopened", default=1)
    reopened_at = models.DateTimeField(null=True)
    first_reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    second_reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    adjudicator = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=25, choices=Outcome, blank=True)
    candidate = models.ForeignKey(Candidate, models.SET_NULL, null=True, related_name="+")
    subject_uid = models.UUIDField("the custody subject identified", null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.IDENTIFIED)
                | (
                    Q(first_reviewer__isnull=False, second_reviewer__isnull=False, subject_uid__isnull=False)
                    & ~Q(first_reviewer=F("second_reviewer"))
                ),
                name="identified_takes_two_people",
            ),
            models.CheckConstraint(
                condition=Q(adjudicator=None)
                | (~Q(adjudicator=F("first_reviewer")) & ~Q(adjudicator=F("second_reviewer"))),
                name="nobody_adjudicates_their_own_review",
            ),
            models.CheckConstraint(
                condition=Q(state=DecisionState.DECIDED, decided_at__isnull=False) & ~Q(outcome="")
                | ~Q(state=DecisionState.DECIDED) & Q(outcome="", decided_at=None),
                name="an_outcome_exactly_when_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["entered_at", "id"], name="decisions_by_change"),
            models.Index(fields=["decided_at"], name="decisions_by_outcome_date"),
            models.Index(fields=["force", "state"], name="decisions_of_a_force"),
            # All that the queue's order and counts ask of a decision: read from the index alone.
            models.Index(
                fields=["force", "state", "offender", "id", "entered_at"],
                condition=~Q(state=DecisionState.DECIDED),
                name="open_decisions",
            ),
        ]

    def __str__(self) -> str:
        return f"Decision {self.uid}"


class EarlierRound(models.Model):
    """How a round ended that was reopened since, and why it was; its reviews bear the same number."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="earlier_rounds")
    number = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=25, choices=Outcome)
    first_reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    second_reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    adjudicator = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField()
    reopened_at = models.DateTimeField(db_default=Now())
    reopened_by = models.CharField("as the log names them", max_length=200)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "number"], name="a_round_ends_once"),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.IDENTIFIED), name="nobody_identified_is_reopened"
            ),
        ]

    def __str__(self) -> str:
        return f"Round {self.number} of {self.decision}"


class Review(models.Model):
    """One officer's look: what was shown in which order, what was judged blind and after the reveal."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="reviews")
    round = models.PositiveSmallIntegerField(default=1)
    stage = models.CharField(max_length=15, choices=Stage)
    state = models.CharField(max_length=10, choices=ReviewState, default=ReviewState.BLIND)
    reviewer = models.ForeignKey(User, models.PROTECT, related_name="reviews")
    role = models.CharField(max_length=20, help_text="the reviewer's role at the time")
    claimed_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField()
    searches = models.ManyToManyField(Search, related_name="+")
    grounds = models.JSONField(
        help_text="legal basis, purpose, necessity, proportionality, authoriser, whether under 18"
    )
    list_length = models.PositiveSmallIntegerField("candidates asked for")
    list_requests = models.JSONField("asked for more: at, from, to, why, added", default=list)
    probes = models.JSONField(
        "the stills as they stood when the review was taken: hash, face, quality, search", default=list
    )

    blind_saved_at = models.DateTimeField(null=True)
    blind_sha256 = models.CharField("digest of the blind judgements as saved", max_length=64, blank=True)
    completed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=25, choices=Outcome, blank=True)
    candidate = models.ForeignKey(Candidate, models.SET_NULL, null=True, related_name="+")
    subject_uid = models.UUIDField(null=True)
    rationale = models.TextField(blank=True)
    caveat_acknowledged = models.BooleanField(default=False)
    view_edits = models.JSONField("zoom, brightness, flip … with values and times", default=list)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "round", "stage"],
                condition=~Q(state=ReviewState.RELEASED),
                name="one_review_per_stage",
            )
        ]
        indexes = [
            models.Index(fields=["lease_until"], condition=Q(state__in=LIVE), name="live_reviews"),
            models.Index(fields=["completed_at"], name="reviews_by_completion"),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} of {self.decision}"


class Judgement(models.Model):
    """What a reviewer made of one candidate: blind, and after the reveal if it changed."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    review = models.ForeignKey(Review, models.CASCADE, related_name="judgements")
    candidate = models.ForeignKey(Candidate, models.SET_NULL, null=True, related_name="+")
    subject_uid = models.UUIDField()
    position = models.PositiveSmallIntegerField("place in the order shown, from 1")
    blind = models.CharField(max_length=12, choices=Verdict, blank=True)
    features = models.JSONField("feature → similar, different or not visible", default=dict)
    confidence = models.PositiveSmallIntegerField("1 low … 5 high", null=True)
    seconds_viewed = models.FloatField(default=0)
    after = models.CharField("after the reveal, if changed", max_length=12, choices=Verdict, blank=True)
    after_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["review", "position"], name="one_judgement_per_place"),
            models.UniqueConstraint(fields=["review", "subject_uid"], name="one_judgement_per_subject"),
        ]

    def __str__(self) -> str:
        return f"Judgement {self.position} of {self.review_id}"

    @property
    def verdict(self) -> str:
        """What stands: the judgement after the reveal where there is one, else the blind one."""
        return self.after or self.blind


class SearchAgain(Work):
    """The work of searching an offender's stills again; one row a decision, used again each time."""

    decision = models.OneToOneField(Decision, models.PROTECT, related_name="search_again")
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.CharField("why an officer asked; empty where new custody images did", max_length=500)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"Search again for {self.decision}"
