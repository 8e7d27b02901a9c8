"""What goes in and out about a submission's board and its receipt."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.submissions.grouping import Suggestion
from portal.submissions.models import Offender, PartialUpload, Still, Submission
from portal.submissions.states import MAX_OFFENDERS

MOST_MERGED = 20


class PlaceIn(serializers.Serializer[Any]):
    """Where a draft should be."""

    rank = serializers.IntegerField(
        min_value=1, max_value=MAX_OFFENDERS, allow_null=True, help_text="null: back into the tray"
    )
    make_room = serializers.BooleanField(default=False, help_text="move the drafts that are there")


class MergeIn(serializers.Serializer[Any]):
    """Which drafts are the same person."""

    offenders = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=MOST_MERGED, help_text="their uids"
    )


class DismissIn(serializers.Serializer[Any]):
    """Which drafts are different people."""

    offenders = serializers.ListField(
        child=serializers.UUIDField(), min_length=2, max_length=MOST_MERGED, help_text="their uids"
    )


class PlacedOut(serializers.Serializer[Any]):
    """How many offenders got a place, and how many are left without."""

    placed = serializers.IntegerField(read_only=True)
    left = serializers.IntegerField(read_only=True)


class SuggestionOut(serializers.Serializer[Suggestion]):
    """Drafts that may be one person."""

    why = serializers.ChoiceField(choices=("name", "face"), read_only=True)
    shared = serializers.CharField(read_only=True, help_text="what their file names begin with")
    offenders = serializers.SerializerMethodField()

    @extend_schema_field({"type": "array", "items": {"type": "string", "format": "uuid"}})
    def get_offenders(self, suggestion: Suggestion) -> list[str]:
        """Their uids."""
        return [str(one.uid) for one in suggestion.offenders]


class ReceivedStill(serializers.ModelSerializer[Still]):
    """A file as it was received."""

    sha256 = serializers.CharField(source="original_sha256", read_only=True)
    bytes = serializers.IntegerField(source="original_bytes", read_only=True)

    class Meta:
        model = Still
        fields = ("uid", "name", "sha256", "bytes", "added_at")
        read_only_fields = fields


class ReceivedOffender(serializers.ModelSerializer[Offender]):
    """A report as it was declared."""

    stills = ReceivedStill(many=True, read_only=True)

    class Meta:
        model = Offender
        fields = ("uid", "rank", "declared_at", "stills")
        read_only_fields = fields


class ReceiptOut(serializers.ModelSerializer[Submission]):
    """What was received; `context["offenders"]` are those that were declared."""

    campaign = serializers.UUIDField(source="campaign.uid", read_only=True)
    campaign_name = serializers.CharField(source="campaign.name", read_only=True)
    offenders = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields = ("uid", "campaign", "campaign_name", "offenders")
        read_only_fields = fields

    @extend_schema_field(ReceivedOffender(many=True))
    def get_offenders(self, _: Submission) -> Any:
        """By place."""
        return ReceivedOffender(self.context["offenders"], many=True).data


class UploadOut(serializers.ModelSerializer[PartialUpload]):
    """A file that arrives in parts, and what became of it."""

    still = serializers.UUIDField(source="still.uid", read_only=True, allow_null=True, default=None)

    class Meta:
        model = PartialUpload
        fields = ("uid", "name", "length", "offset", "state", "still", "code", "message")
        read_only_fields = fields
