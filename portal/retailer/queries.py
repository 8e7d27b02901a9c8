"""What belongs to a retailer. Every page starts from one of these: nothing of others can be fetched."""

from datetime import timedelta

from django.db.models import F, Prefetch, Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.submissions.models import (
    BulkUpload,
    Campaign,
    Face,
    Offender,
    PartialUpload,
    RefusedUpload,
    Still,
    Submission,
)
from portal.submissions.states import CampaignState

TOLD = timedelta(days=1)  # how long the board names a file that was not taken
BY_PLACE = F("rank").asc(nulls_last=True)


def campaigns_for(user: User) -> QuerySet[Campaign]:
    """Campaigns the retailer is invited to or has submitted to; one in preparation is nobody's yet."""
    invited = Campaign.retailers.through.objects.filter(organisation=user.organisation_id)
    reported = Submission.objects.filter(retailer=user.organisation_id)
    ours = Q(pk__in=invited.values("campaign")) | Q(pk__in=reported.values("campaign"))
    return Campaign.objects.filter(ours).exclude(state=CampaignState.DRAFT).select_related("force")


def offenders_for(user: User) -> QuerySet[Offender]:
    """Offenders the retailer reported, with their campaign and store."""
    return Offender.objects.filter(submission__retailer=user.organisation_id).select_related(
        "submission__campaign", "store"
    )


def stills_for(user: User) -> QuerySet[Still]:
    """Stills the retailer sent, with the faces found in them."""
    return (
        Still.objects.filter(offender__submission__retailer=user.organisation_id)
        .select_related("offender__submission__campaign", "chosen_face")
        .prefetch_related("faces")
    )


def with_stills(offenders: QuerySet[Offender]) -> QuerySet[Offender]:
    """The same offenders with their stills, faces and people, in a fixed number of queries."""
    stills = Still.objects.select_related("chosen_face", "added_by").prefetch_related("faces")
    return offenders.select_related("declared_by", "created_by").prefetch_related(
        Prefetch("stills", queryset=stills)
    )


def on_board(user: User, campaign: Campaign) -> QuerySet[Offender]:
    """The retailer's offenders of a campaign by place, with their stills and their faces."""
    faces = Prefetch("faces", queryset=Face.objects.only("still_id"))
    stills = Still.objects.select_related("chosen_face").prefetch_related(faces)
    light = stills.defer("chosen_face__landmarks", "region")
    ours = offenders_for(user).filter(submission__campaign=campaign)
    return ours.prefetch_related(Prefetch("stills", queryset=light)).order_by(BY_PLACE, "pk")


def refused_uploads(offender: Offender, *, at_most: int = 20) -> list[RefusedUpload]:
    """The newest files of an offender that were not taken, and that nobody has dismissed."""
    return list(offender.refused_uploads.filter(dismissed_at=None)[:at_most])


def refused_on_board(user: User, campaign: Campaign, *, at_most: int = 20) -> list[RefusedUpload]:
    """The newest files dropped on the board within a day that were not taken, and nobody has dismissed."""
    ours = RefusedUpload.objects.filter(
        submission__campaign=campaign, submission__retailer=user.organisation_id, dismissed_at=None
    )
    return list(ours.filter(offender=None, at__gte=timezone.now() - TOLD)[:at_most])


def uploads_for(user: User) -> QuerySet[PartialUpload]:
    """Files of the retailer that are arriving or have arrived within a day."""
    ours = PartialUpload.objects.filter(submission__retailer=user.organisation_id)
    return ours.select_related("submission", "target", "still__offender", "still__chosen_face")


def bulk_uploads_for(user: User) -> QuerySet[BulkUpload]:
    """Tables the retailer sent, newest first."""
    ours = BulkUpload.objects.filter(submission__retailer=user.organisation_id)
    return ours.select_related("submission__campaign", "sent_by")
