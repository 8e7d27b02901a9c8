"""What a retailer's token can see: always scoped, so that another retailer's object does not exist."""

from django.db.models import Count, F, Max, OuterRef, QuerySet, Subquery

from portal.accounts.models import Store, User
from portal.searches.models import Search
from portal.submissions.models import Campaign, Offender, Still, Submission
from portal.submissions.states import CampaignState


def campaigns_of(user: User) -> QuerySet[Campaign]:
    """Campaigns this retailer is or was invited to; `submission_uid` where it has begun."""
    mine = Submission.objects.filter(campaign=OuterRef("pk"), retailer=user.organisation_id)
    invited = Campaign.objects.filter(retailers=user.organisation_id).exclude(state=CampaignState.DRAFT)
    return invited.select_related("force").annotate(submission_uid=Subquery(mine.values("uid")[:1]))


def stores_of(user: User) -> QuerySet[Store]:
    """This retailer's stores."""
    return Store.objects.filter(retailer=user.organisation_id).order_by("name", "pk")


def submissions_of(user: User) -> QuerySet[Submission]:
    """This retailer's submissions, newest first, with `offender_count`."""
    mine = Submission.objects.filter(retailer=user.organisation_id).select_related("campaign")
    return mine.annotate(offender_count=Count("offenders")).order_by("-pk")


def offenders_of(user: User) -> QuerySet[Offender]:
    """Offenders this retailer reported."""
    mine = Offender.objects.filter(submission__retailer=user.organisation_id)
    return mine.select_related("submission__campaign", "store")


def stills_of(user: User) -> QuerySet[Still]:
    """Stills this retailer sent, with `searched_at`: the newest search of the face now chosen."""
    mine = Still.objects.filter(offender__submission__retailer=user.organisation_id)
    searches = Search.objects.filter(still=OuterRef("pk"), face=F("still__chosen_face"))
    latest = searches.order_by().values("still").annotate(latest=Max("at")).values("latest")
    return (
        mine.select_related("offender", "chosen_face")
        .prefetch_related("faces")
        .annotate(searched_at=Subquery(latest))
    )
