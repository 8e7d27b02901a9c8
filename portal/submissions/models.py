"""Campaign → submission → offender → still → face."""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from portal.accounts.models import Organisation, Store, User
from portal.submissions.states import (
    MAX_OFFENDERS,
    CampaignState,
    FaceChoice,
    OffenceType,
    UploadState,
    YesNoUnknown,
)
from portal.work import Work

LAWFUL = ("legal_basis", "purpose", "necessity", "proportionality", "authoriser")


class Campaign(models.Model):
    """A force's call for unidentified offenders, with the grounds every search in it rests on."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    force = models.ForeignKey(Organisation, models.PROTECT, related_name="campaigns")
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.DRAFT)
    legal_basis = models.TextField(blank=True, help_text="statute or common-law power relied on")
    purpose = models.TextField("policing purpose", blank=True)
    necessity = models.TextField(blank=True, help_text="why less intrusive means would not do")
    proportionality = models.TextField(blank=True)
    authoriser = models.CharField(max_length=120, blank=True, help_text="rank, name and date of authority")
    research_basis = models.TextField(
        "basis for searching again",
        blank=True,
        help_text="why the unidentified are searched again for new custody images; empty: they are not",
    )
    opens_on = models.DateField(null=True, blank=True)
    closes_on = models.DateField(null=True, blank=True)
    target_days = models.PositiveSmallIntegerField("target days to an outcome", default=5)
    list_length = models.PositiveSmallIntegerField("candidates searched for", default=20)
    retention_days = models.PositiveSmallIntegerField("days unmatched stills are kept", default=31)
    retailers = models.ManyToManyField(Organisation, related_name="invited_to", blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=CampaignState.DRAFT)
                | ~(
                    Q(legal_basis="")
                    | Q(purpose="")
                    | Q(necessity="")
                    | Q(proportionality="")
                    | Q(authoriser="")
                ),
                name="no_campaign_opens_without_its_grounds",
            ),
            models.CheckConstraint(
                condition=Q(list_length__gte=1, list_length__lte=200), name="list_length_1_to_200"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_lawful(self) -> bool:
        """Whether every ground a search needs is recorded."""
        return all(getattr(self, field).strip() for field in LAWFUL)


class Submission(models.Model):
    """What one retailer sends to one campaign."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="submissions")
    retailer = models.ForeignKey(Organisation, models.PROTECT, related_name="submissions")
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    started_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "retailer"], name="one_submission_per_retailer")
        ]

    def __str__(self) -> str:
        return f"{self.retailer}, {self.campaign}"


class Offender(models.Model):
    """An unidentified person a retailer reports. Outcomes are derived from reviews, never stored here."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="offenders")
    rank = models.PositiveSmallIntegerField(
        "place", null=True, help_text="1 is the most prolific; none while it waits in the tray"
    )
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    declared_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    declared_at = models.DateTimeField(null=True, help_text="accurate, lawfully obtained, no names guessed")

    # references and reporter
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="offenders")
    incident_reference = models.CharField("your incident reference", max_length=60, blank=True)
    crime_reference = models.CharField("crime reference, if reported", max_length=60, blank=True)
    reporter_name = models.CharField("reported by", max_length=120, blank=True)
    reporter_contact = models.CharField("contact", max_length=120, blank=True)

    # what happened
    offence = models.CharField("offence", max_length=20, choices=OffenceType, blank=True)
    started_at = models.DateTimeField("start of the incident", null=True, blank=True)
    ended_at = models.DateTimeField("end of the incident", null=True, blank=True)
    clock_offset_minutes = models.SmallIntegerField(
        "CCTV clock is fast (+) or slow (−) by, in minutes", default=0
    )
    place_in_store = models.CharField("where in the store", max_length=120, blank=True)
    camera = models.CharField("camera", max_length=60, blank=True)
    goods = models.CharField(max_length=300, blank=True)
    quantity = models.PositiveIntegerField(null=True, blank=True)
    value = models.DecimalField("value (£)", max_digits=10, decimal_places=2, null=True, blank=True)
    recovered = models.CharField(max_length=10, choices=YesNoUnknown, default=YesNoUnknown.UNKNOWN)
    violence = models.BooleanField("violence was used", default=False)
    threats = models.BooleanField("threats were made", default=False)
    weapon = models.CharField("weapon, if any", max_length=120, blank=True)
    hate_element = models.BooleanField("the victim or a witness felt it was a hate crime", default=False)
    police_called = models.CharField(max_length=10, choices=YesNoUnknown, default=YesNoUnknown.UNKNOWN)

    # who was seen
    build = models.CharField(max_length=60, blank=True)
    height = models.CharField("height, about", max_length=60, blank=True)
    hair = models.CharField(max_length=120, blank=True)
    clothing = models.CharField(max_length=300, blank=True)
    marks = models.CharField("marks, scars, tattoos", max_length=300, blank=True)
    under_18 = models.CharField(
        "looks under 18", max_length=10, choices=YesNoUnknown, default=YesNoUnknown.UNKNOWN
    )
    offender_count = models.PositiveSmallIntegerField("how many offenders", default=1)
    direction = models.CharField("direction of travel", max_length=120, blank=True)
    vehicle = models.CharField(max_length=120, blank=True)
    vrm = models.CharField("vehicle registration", max_length=12, blank=True)

    # why they matter
    method = models.TextField("how they operate", blank=True)
    prolific = models.TextField("why they are prolific", blank=True)
    organised = models.CharField(
        "part of a group", max_length=10, choices=YesNoUnknown, default=YesNoUnknown.UNKNOWN
    )
    linked_incidents = models.TextField("your other incidents with this person", blank=True)

    # evidence kept
    footage_kept = models.CharField(
        "full footage is kept", max_length=10, choices=YesNoUnknown, default=YesNoUnknown.UNKNOWN
    )
    footage_until = models.DateField("footage is overwritten on", null=True, blank=True)
    receipt_held = models.BooleanField("a receipt for the goods is held", default=False)
    statement_signed = models.BooleanField("a statement is signed", default=False)

    names_checked = models.JSONField(
        default=dict, blank=True, help_text="by field, the digest of a text somebody looked over for names"
    )

    class Meta:
        ordering = ["submission", F("rank").asc(nulls_last=True), "id"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "rank"], name="one_offender_per_place"),
            models.CheckConstraint(
                condition=Q(rank__gte=1, rank__lte=MAX_OFFENDERS), name="a_submission_has_30_places"
            ),
            models.CheckConstraint(
                condition=Q(declared_at=None) | Q(rank__isnull=False), name="what_is_sent_has_a_place"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(started_at=None) | Q(ended_at__gte=F("started_at")),
                name="incident_ends_after_it_starts",
            ),
        ]
        # Whose an offender is, read from the index alone where tens of thousands are counted.
        indexes = [
            models.Index(fields=["id", "submission", "declared_at"], name="offender_of_whom"),
        ]

    def __str__(self) -> str:
        return f"{self.title} of {self.submission}"

    @property
    def title(self) -> str:
        """How pages name it: by its place, once it has one."""
        return "Offender not placed yet" if self.rank is None else f"Offender {self.rank}"


class Still(Work):
    """A probe image: the untouched original as evidence, a normalised copy, and the faces found in it."""

    offender = models.ForeignKey(Offender, models.CASCADE, related_name="stills")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    name = models.CharField("file name as sent", max_length=255, blank=True)
    captured_at = models.DateTimeField("when the still was captured", null=True, blank=True)

    original_key = models.CharField(max_length=100)
    original_sha256 = models.CharField(max_length=64)
    original_bytes = models.PositiveIntegerField()
    original_format = models.CharField(max_length=10)
    original_width = models.PositiveIntegerField()
    original_height = models.PositiveIntegerField()
    copy_key = models.CharField("normalised copy", max_length=100)
    copy_sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    chosen_face = models.ForeignKey("Face", models.SET_NULL, null=True, related_name="+")
    chosen_how = models.CharField(max_length=10, choices=FaceChoice, default=FaceChoice.NONE, blank=True)
    region = models.JSONField("box drawn by a person: x, y, w, h in pixels", null=True)
    detector = models.CharField(max_length=80, blank=True)
    sent_anyway_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    sent_anyway_at = models.DateTimeField(null=True, help_text="a person was told it is poor and sends it")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["offender", "original_sha256"], name="still_once_per_offender")
        ]
        # An offender's status asks this of every still: read from the index alone.
        indexes = [models.Index(fields=["offender", "work_state", "id"], name="stills_of_offender")]

    def __str__(self) -> str:
        return f"Still {self.uid}"


class Face(models.Model):
    """A face found in a still. Only the chosen one is ever embedded."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    still = models.ForeignKey(Still, models.CASCADE, related_name="faces")
    position = models.PositiveSmallIntegerField(help_text="0 is the most prominent")
    x = models.FloatField()
    y = models.FloatField()
    w = models.FloatField()
    h = models.FloatField()
    landmarks = models.JSONField(help_text="5 or 68 points, x and y in pixels of the normalised copy")
    detection_score = models.FloatField()
    quality = models.JSONField(help_text="ISO/IEC 29794-5 measures, see matching.quality")

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"Face {self.position} of {self.still_id}"


class RefusedUpload(models.Model):
    """A file that was not taken, and why: for the sender's page and the operator's. No bytes are kept."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="refused_uploads")
    offender = models.ForeignKey(Offender, models.CASCADE, related_name="refused_uploads", null=True)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    message = models.CharField(max_length=500)
    dismissed_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    dismissed_at = models.DateTimeField(null=True, help_text="the sender has read it; the operator keeps it")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name}: {self.code}"


class BulkUpload(models.Model):
    """A filled-in table: what became of its rows. Kept for some days only (portal.retention)."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="bulk_uploads")
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveSmallIntegerField()
    remarks = models.JSONField(default=list, help_text="on the table as a whole")
    kept = models.JSONField(default=list, help_text="of each row that is an offender now: number, uid, notes")
    problems = models.JSONField(default=list, help_text="of each other row: number, cells, what is wrong")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name}: {len(self.kept)} of {self.rows} rows kept"


class PartialUpload(models.Model):
    """A file that arrives in parts (tus 1.0.0), and in the end what became of it. Swept up after a day."""

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="partial_uploads")
    target = models.ForeignKey(Offender, models.CASCADE, null=True, related_name="+")
    sender = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=255, blank=True)
    length = models.PositiveIntegerField(help_text="bytes the sender declared")
    offset = models.PositiveIntegerField(default=0, help_text="bytes that are here")
    parts = models.JSONField(default=list, help_text="keys of the parts, in order")
    fingerprint = models.CharField(max_length=64, help_text="sha256 of what tells this file from others")
    sha256 = models.CharField("of the whole file, if the sender declared it", max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    touched_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=10, choices=UploadState, default=UploadState.ARRIVING)
    still = models.ForeignKey(Still, models.SET_NULL, null=True, related_name="+")
    code = models.CharField("why it was refused", max_length=40, blank=True)
    message = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(offset__lte=F("length")), name="no_more_than_was_declared"),
            models.UniqueConstraint(
                fields=["submission", "sender", "fingerprint"],
                condition=Q(state="arriving"),
                name="a_file_arrives_once",
            ),
        ]

    def __str__(self) -> str:
        return f"Upload {self.uid}"


class Likeness(models.Model):
    """A draft's chosen face as a sealed vector, only to suggest that two drafts show one person.

    Deleted with the declaration, and with the still.
    """

    still = models.OneToOneField(Still, models.CASCADE, related_name="likeness")
    model = models.CharField(max_length=40)
    model_version = models.CharField(max_length=64)
    vector = models.BinaryField("sealed, float32 of unit length")

    def __str__(self) -> str:
        return f"Likeness of {self.still_id}"


class NotGrouped(models.Model):
    """A suggestion that two drafts are one person, which somebody dismissed; `first` has the lower id."""

    first = models.ForeignKey(Offender, models.CASCADE, related_name="+")
    second = models.ForeignKey(Offender, models.CASCADE, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="a_pair_is_dismissed_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="a_pair_has_one_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id} are two people"
