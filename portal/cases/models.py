"""Pairs and the series they make; cases and their offences; packages that leave the system."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from portal.accounts.models import Organisation, User
from portal.cases.states import Basis, CaseResult, CaseState, PackageKind, PairState, PairVerdict, Ruling
from portal.gallery.models import CustodySubject
from portal.reviews.models import Decision
from portal.searches.models import Search
from portal.submissions.models import Offender
from portal.work import Work


# --- series ---------------------------------------------------------------------------------------
class Compared(models.Model):
    """A search whose query has been compared with those of the other reports: done once."""

    search = models.OneToOneField(Search, models.CASCADE, related_name="compared")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Search {self.search_id} compared"


class Pair(models.Model):
    """Two offenders of different reports, `first` the older. One row for ever: it is never asked twice."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    force = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    first = models.ForeignKey(Offender, models.PROTECT, related_name="+")
    second = models.ForeignKey(Offender, models.PROTECT, related_name="+")
    first_search = models.ForeignKey(Search, models.PROTECT, null=True, related_name="+")
    second_search = models.ForeignKey(Search, models.PROTECT, null=True, related_name="+")
    score = models.FloatField("exact cosine of the two query vectors", null=True)
    threshold = models.FloatField("from which it was suggested", null=True)
    state = models.CharField(max_length=16, choices=PairState, default=PairState.SUGGESTED, db_index=True)
    round = models.PositiveSmallIntegerField(default=1, help_text="how often two officers are asked")
    suggested_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="a_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="a_pair_in_its_order"),
        ]

    def __str__(self) -> str:
        return f"Pair {self.uid}"


class PairJudgement(models.Model):
    """One officer's blind judgement of a pair."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    pair = models.ForeignKey(Pair, models.PROTECT, related_name="judgements")
    officer = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, help_text="the officer's role at the time")
    verdict = models.CharField(max_length=12, choices=PairVerdict)
    reason = models.TextField()
    first_on_the_left = models.BooleanField()
    round = models.PositiveSmallIntegerField(default=1)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["pair", "officer"], name="an_officer_judges_once")]

    def __str__(self) -> str:
        return f"Judgement of {self.pair_id}"


class PairRuling(models.Model):
    """What a supervisor ruled on a pair that was not settled by its judgements, with both of them seen."""

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="rulings")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    ruling = models.CharField(max_length=10, choices=Ruling)
    reason = models.CharField(max_length=500)
    origin = models.CharField("where the pair stood", max_length=16, choices=PairState)
    round = models.PositiveSmallIntegerField("whose judgements were seen")
    at = models.DateTimeField(db_default=Now())
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    taken_back_why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.ruling} on {self.pair_id}"


class Link(models.Model):
    """Two offenders held to be one person, by whom and until when. Why: the pair's judgements, and the
    ruling of `adjudicator` where they did not settle it."""

    pair = models.OneToOneField(Pair, models.PROTECT, related_name="link")
    first_officer = models.ForeignKey(User, models.PROTECT, related_name="+")
    second_officer = models.ForeignKey(User, models.PROTECT, related_name="+")
    adjudicator = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    end_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(first_officer=F("second_officer")), name="a_link_takes_two_officers"
            )
        ]

    def __str__(self) -> str:
        return f"Link of {self.pair_id}"


class Series(models.Model):
    """Offenders connected by links that hold. It ends when fewer than two are left."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    force = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return f"Series {self.uid}"


class Membership(models.Model):
    """An offender in a series, from when until when."""

    series = models.ForeignKey(Series, models.PROTECT, related_name="memberships")
    offender = models.ForeignKey(Offender, models.PROTECT, related_name="memberships")
    since = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["offender"], condition=Q(until=None), name="in_one_series_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.offender_id} in {self.series_id}"


# --- cases ----------------------------------------------------------------------------------------
class Case(models.Model):
    """The work on one identified person: all offences, all retailers."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    force = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(help_text="of this force, from 1")
    subject = models.ForeignKey(CustodySubject, models.SET_NULL, null=True, related_name="+")
    subject_uid = models.UUIDField("the custody subject identified")
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.OPENED, db_index=True)
    opened_at = models.DateTimeField(db_default=Now())
    revision = models.PositiveIntegerField(default=1)

    oic_name = models.CharField("officer in the case", max_length=120, blank=True)
    oic_contact = models.CharField("contact of the officer in the case", max_length=120, blank=True)
    crime_reference = models.CharField("crime reference number", max_length=60, blank=True)
    urn = models.CharField("URN", max_length=60, blank=True)
    custody_record = models.CharField("custody record number", max_length=60, blank=True)
    pnc_id = models.CharField("PNC ID", max_length=20, blank=True)
    cro_number = models.CharField("CRO number", max_length=20, blank=True)
    exhibits = models.TextField("exhibit references", blank=True)
    notes = models.TextField(blank=True)

    result = models.CharField("outcome", max_length=15, choices=CaseResult, blank=True)
    concluded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["force", "number"], name="case_number_once"),
            models.UniqueConstraint(
                fields=["force", "subject_uid"],
                condition=~Q(state=CaseState.CONCLUDED),
                name="one_case_in_progress_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.CONCLUDED, concluded_at__isnull=False) & ~Q(result="")
                | ~Q(state=CaseState.CONCLUDED) & Q(result="", concluded_at=None),
                name="a_result_exactly_when_concluded",
            ),
        ]

    def __str__(self) -> str:
        return f"Case {self.number}"


class CaseOffence(models.Model):
    """A reported offence in a case, and what brought it there."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="offences")
    offender = models.ForeignKey(Offender, models.PROTECT, related_name="case_offences")
    basis = models.CharField(max_length=10, choices=Basis)
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)
    removed_why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["offender"], condition=Q(removed_at=None), name="an_offence_in_one_case"
            )
        ]

    def __str__(self) -> str:
        return f"Offence of {self.case_id}"


class CaseStep(models.Model):
    """A move of a case: who, when, from where to where, why."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="steps")
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    origin = models.CharField(max_length=10, choices=CaseState, blank=True)
    to = models.CharField(max_length=10, choices=CaseState)
    result = models.CharField(max_length=15, choices=CaseResult, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.to}"


# --- packages -------------------------------------------------------------------------------------
class Package(Work):
    """A signed archive about a case. The row outlives the file: it lists what the file contained."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="packages")
    kind = models.CharField(max_length=12, choices=PackageKind)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    purpose = models.CharField("what it is for", max_length=300)
    steps_done = models.PositiveIntegerField(default=0)
    steps_all = models.PositiveIntegerField(default=0)

    key = models.CharField("where the archive is stored; empty once it is gone", max_length=100, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(default=dict, help_text="name, bytes and sha256 of every file in it")
    stills = models.JSONField(default=list, help_text="uids of the stills it contains")
    documents = models.JSONField(default=list, help_text="uids of the documents it contains")
    custody_images = models.JSONField(default=list, help_text="uids of the custody images it speaks of")
    expires_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    gone_why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Package {self.uid}"

    @property
    def is_ready(self) -> bool:
        """Whether there is a file to download."""
        return bool(self.key) and self.gone_at is None
