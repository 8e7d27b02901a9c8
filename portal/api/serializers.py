"""What goes in and out, field by field: nothing is shown because a model happened to gain a column."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.accounts.models import Store
from portal.api.queries import stores_of
from portal.reviews.status import Status
from portal.submissions.actions import accepts_submissions
from portal.submissions.models import Campaign, Offender, Still, Submission
from portal.submissions.states import OffenceType
from portal.work import WorkState

REPORT_FIELDS = (
    "store",
    "incident_reference",
    "crime_reference",
    "reporter_name",
    "reporter_contact",
    "offence",
    "started_at",
    "ended_at",
    "clock_offset_minutes",
    "place_in_store",
    "camera",
    "goods",
    "quantity",
    "value",
    "recovered",
    "violence",
    "threats",
    "weapon",
    "hate_element",
    "police_called",
    "build",
    "height",
    "hair",
    "clothing",
    "marks",
    "under_18",
    "offender_count",
    "direction",
    "vehicle",
    "vrm",
    "method",
    "prolific",
    "organised",
    "linked_incidents",
    "footage_kept",
    "footage_until",
    "receipt_held",
    "statement_signed",
)
LONGEST_TEXT = 5000
EARLIEST_YEAR = 2000


def _past(moment: datetime) -> None:
    if moment > timezone.now():
        raise serializers.ValidationError("This is in the future.", "in_future")
    if moment.year < EARLIEST_YEAR:
        raise serializers.ValidationError(f"This is before {EARLIEST_YEAR}.", "too_old")


# --- campaigns, stores, submissions ---------------------------------------------------------------
class CampaignOut(serializers.ModelSerializer[Campaign]):
    """A campaign as a retailer may know it."""

    force = serializers.CharField(source="force.name", read_only=True)
    accepting = serializers.SerializerMethodField(help_text="whether offenders and stills are taken today")
    submission = serializers.UUIDField(source="submission_uid", read_only=True, allow_null=True)

    class Meta:
        model = Campaign
        fields = (
            "uid",
            "name",
            "force",
            "state",
            "opens_on",
            "closes_on",
            "accepting",
            "target_days",
            "submission",
        )
        read_only_fields = fields

    def get_accepting(self, campaign: Campaign) -> bool:
        """Open, lawful and within its dates."""
        return accepts_submissions(campaign)


class StoreOut(serializers.ModelSerializer[Store]):
    """One of the retailer's own stores."""

    class Meta:
        model = Store
        fields = ("uid", "name", "code", "borough", "footage_days", "clock_offset_minutes")
        read_only_fields = fields


class SubmissionIn(serializers.Serializer[Any]):
    """Which campaign to submit to."""

    campaign = serializers.UUIDField()


class SubmissionOut(serializers.ModelSerializer[Submission]):
    """What the retailer sends to one campaign."""

    campaign = serializers.UUIDField(source="campaign.uid", read_only=True)
    campaign_name = serializers.CharField(source="campaign.name", read_only=True)
    offenders = serializers.IntegerField(source="offender_count", read_only=True)

    class Meta:
        model = Submission
        fields = ("uid", "campaign", "campaign_name", "started_at", "offenders")
        read_only_fields = fields


# --- offenders ------------------------------------------------------------------------------------
class StatusOut(serializers.Serializer[Status]):
    """What became of the report so far, in the retailer's words."""

    code = serializers.CharField(read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]
    explanation = serializers.CharField(read_only=True)
    since = serializers.DateTimeField(read_only=True, allow_null=True)
    searched_at = serializers.DateTimeField(read_only=True, allow_null=True)
    decided_at = serializers.DateTimeField(read_only=True, allow_null=True)


class OwnStore(serializers.SlugRelatedField[Store]):
    """A store by its uid; only the caller's own exist."""

    def get_queryset(self) -> QuerySet[Store]:
        """The caller's stores."""
        return stores_of(self.context["user"]) if "user" in self.context else Store.objects.none()


@extend_schema_field({"type": "string", "format": "uuid", "nullable": True})
class StoreField(OwnStore):
    """OwnStore, described for the schema."""


class OffenderIn(serializers.ModelSerializer[Offender]):
    """The report on an offender: all fields but `offence` may be left out."""

    store = StoreField(slug_field="uid", required=False, allow_null=True)
    offence = serializers.ChoiceField(choices=OffenceType.choices)
    offender_count = serializers.IntegerField(min_value=1, max_value=100, required=False)
    clock_offset_minutes = serializers.IntegerField(min_value=-1440, max_value=1440, required=False)
    started_at = serializers.DateTimeField(required=False, allow_null=True, validators=[_past])
    ended_at = serializers.DateTimeField(required=False, allow_null=True, validators=[_past])
    method = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)
    prolific = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)
    linked_incidents = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)

    class Meta:
        model = Offender
        fields = REPORT_FIELDS

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The incident ends after it starts, whichever of the two is being changed."""
        started = attrs.get("started_at", self.instance and self.instance.started_at)
        ended = attrs.get("ended_at", self.instance and self.instance.ended_at)
        if started and ended and ended < started:
            raise serializers.ValidationError(
                {"ended_at": "The incident ends before it starts."}, "ends_first"
            )
        return attrs


class NewOffender(OffenderIn):
    """A report with its declaration."""

    declaration = serializers.BooleanField(
        default=False,
        write_only=True,
        help_text="accurate, lawfully obtained, no names guessed; without it nothing is searched",
    )

    class Meta(OffenderIn.Meta):
        fields = (*REPORT_FIELDS, "declaration")  # type: ignore[assignment]


class OffenderOut(serializers.ModelSerializer[Offender]):
    """A report as it stands. `context["statuses"]` holds the status by offender id."""

    submission = serializers.UUIDField(source="submission.uid", read_only=True)
    store = serializers.UUIDField(source="store.uid", read_only=True, allow_null=True, default=None)
    status = serializers.SerializerMethodField()

    class Meta:
        model = Offender
        fields = ("uid", "submission", "rank", "created_at", "declared_at", "status", *REPORT_FIELDS)
        read_only_fields = fields

    @extend_schema_field(StatusOut)
    def get_status(self, offender: Offender) -> dict[str, Any]:
        """Derived from the police side, in the retailer's words."""
        return dict(StatusOut(self.context["statuses"][offender.pk]).data)


# --- stills ---------------------------------------------------------------------------------------
class StillIn(serializers.Serializer[Any]):
    """A still to take."""

    file = serializers.FileField(allow_empty_file=True, help_text="JPEG, PNG or WebP, one picture")
    captured_at = serializers.DateTimeField(required=False, allow_null=True, validators=[_past])


class QualityOut(serializers.Serializer[Any]):
    """How usable the face is; pixels of the normalised copy, degrees, 0 to 100."""

    unified_score = serializers.FloatField(read_only=True)
    inter_eye_distance = serializers.FloatField(read_only=True)
    sharpness = serializers.FloatField(read_only=True)
    yaw = serializers.FloatField(read_only=True)
    pitch = serializers.FloatField(read_only=True)
    roll = serializers.FloatField(read_only=True)


class FaceOut(serializers.Serializer[Any]):
    """A face found in a still: a box in pixels of the normalised copy."""

    uid = serializers.UUIDField(read_only=True)
    x = serializers.FloatField(read_only=True)
    y = serializers.FloatField(read_only=True)
    w = serializers.FloatField(read_only=True)
    h = serializers.FloatField(read_only=True)
    chosen = serializers.BooleanField(read_only=True)
    quality = QualityOut(read_only=True)


STILL_STATES = ("waiting", "checking", "no_face", "face_found", "searched", "held_up")


def still_state(still: Still) -> str:
    """One of STILL_STATES; `searched_at` has to be annotated (portal.api.queries.stills_of)."""
    by_work = {
        WorkState.QUEUED: "waiting",
        WorkState.RUNNING: "checking",
        WorkState.REFUSED: "no_face",
        WorkState.QUARANTINED: "held_up",
    }
    searched = getattr(still, "searched_at", None) is not None
    return by_work.get(WorkState(still.work_state), "searched" if searched else "face_found")


class StillOut(serializers.ModelSerializer[Still]):
    """A still and what was found in it."""

    offender = serializers.UUIDField(source="offender.uid", read_only=True)
    sha256 = serializers.CharField(source="original_sha256", read_only=True, help_text="of the file as sent")
    bytes = serializers.IntegerField(source="original_bytes", read_only=True)
    format = serializers.CharField(source="original_format", read_only=True)
    state = serializers.SerializerMethodField()
    searched_at = serializers.SerializerMethodField()
    faces = serializers.SerializerMethodField()

    class Meta:
        model = Still
        fields = (
            "uid",
            "offender",
            "name",
            "added_at",
            "captured_at",
            "sha256",
            "bytes",
            "format",
            "width",
            "height",
            "state",
            "searched_at",
            "faces",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=STILL_STATES))
    def get_state(self, still: Still) -> str:
        """Where the work on it stands."""
        return still_state(still)

    def get_searched_at(self, still: Still) -> datetime | None:
        """When the face now chosen was searched."""
        return getattr(still, "searched_at", None)

    @extend_schema_field(FaceOut(many=True))
    def get_faces(self, still: Still) -> list[dict[str, Any]]:
        """Most prominent first."""
        return [_face(face, chosen=face.pk == still.chosen_face_id) for face in still.faces.all()]


def _face(face: Any, *, chosen: bool) -> dict[str, Any]:
    return {
        "uid": str(face.uid),
        **{side: getattr(face, side) for side in "xywh"},
        "chosen": chosen,
        "quality": {name: face.quality[name] for name in QualityOut().fields},
    }


class FaceChoiceIn(serializers.Serializer[Any]):
    """Which of the faces found is the offender's."""

    face = serializers.UUIDField()


class RegionIn(serializers.Serializer[Any]):
    """A box around the face, in pixels of the normalised copy; `context["still"]` is the still."""

    x = serializers.FloatField(min_value=0, max_value=20_000)
    y = serializers.FloatField(min_value=0, max_value=20_000)
    w = serializers.FloatField(min_value=8, max_value=20_000)
    h = serializers.FloatField(min_value=8, max_value=20_000)

    def validate(self, attrs: dict[str, float]) -> dict[str, float]:
        """The box lies within the picture."""
        still: Still = self.context["still"]
        if attrs["x"] + attrs["w"] > still.width or attrs["y"] + attrs["h"] > still.height:
            raise serializers.ValidationError("The box reaches outside the picture.", "outside_picture")
        return attrs


# --- query strings --------------------------------------------------------------------------------
class PageQuery(serializers.Serializer[Any]):
    """Which part of a list."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)
    cursor = serializers.CharField(
        max_length=300, required=False, help_text="from `next` of the part before; keep the other parameters"
    )
