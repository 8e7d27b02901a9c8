"""What an auditor or operator of one force may see: that force's work, and nothing of another's."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.accounts.models import Organisation, OrganisationKind, User
from portal.assurance.queries import real_decisions, real_stills
from portal.audit.models import Entry
from portal.gallery.models import CustodyImage
from portal.gallery.queries import not_planted
from portal.notifications.models import Mail
from portal.reviews.models import Decision, Review, SearchAgain
from portal.searches.models import Search
from portal.submissions.genuine import genuine
from portal.submissions.models import RefusedUpload, Still


def entries_for(user: User) -> QuerySet[Entry]:
    """Acts of the force's people, of the retailers it works with, and of processes."""
    retailers = Organisation.objects.filter(invited_to__force=user.organisation_id).values("pk")
    # Known-answer checks are sent by organisations of their own: an auditor reads that too.
    checks = Organisation.objects.filter(
        kind=OrganisationKind.CHECKS, submissions__campaign__force=user.organisation_id
    )
    own = Q(organisation_id=user.organisation_id) | Q(organisation_id__in=retailers)
    own |= Q(organisation_id__in=checks.values("pk"))
    return Entry.objects.filter(own | Q(organisation_id=None))


def decisions_for(user: User) -> QuerySet[Decision]:
    """Decisions of the force, with what their list shows; known-answer checks are none."""
    mine = real_decisions().filter(force=user.organisation_id)
    people = ("first_reviewer", "second_reviewer", "adjudicator")
    return mine.select_related("offender__submission__retailer", "offender__submission__campaign", *people)


def searches_for(user: User) -> QuerySet[Search]:
    """Searches of the force for what retailers reported, with what their list shows."""
    # Once its still is erased, only its reviews tell what a search was made for.
    reviewed = Review.objects.filter(~genuine("decision__offender__"), searches=OuterRef("pk"))
    real = Q(still__isnull=False) & genuine("still__offender__") | Q(still=None) & ~Exists(reviewed)
    mine = Search.objects.filter(real, campaign__force=user.organisation_id)
    return mine.select_related("campaign", "still__offender__submission__retailer", "requested_by")


def stills_for(user: User) -> QuerySet[Still]:
    """Stills that retailers sent to the force's campaigns."""
    return real_stills().filter(offender__submission__campaign__force=user.organisation_id)


def custody_images_for(user: User) -> QuerySet[CustodyImage]:
    """The force's gallery, without what was planted for known-answer checks."""
    return CustodyImage.objects.filter(not_planted("subject__"), subject__force=user.organisation_id)


def searches_again_for(user: User) -> QuerySet[SearchAgain]:
    """Offenders of the force's campaigns that are searched again."""
    return SearchAgain.objects.filter(decision__force=user.organisation_id)


def mails_for(user: User) -> QuerySet[Mail]:
    """Messages to the force's people and to those of the retailers it works with."""
    retailers = Organisation.objects.filter(invited_to__force=user.organisation_id).values("pk")
    own = Q(user__organisation=user.organisation_id) | Q(user__organisation__in=retailers)
    return Mail.objects.filter(own).select_related("user__organisation")


def refused_uploads_for(user: User) -> QuerySet[RefusedUpload]:
    """Files that senders to the force's campaigns could not use."""
    mine = RefusedUpload.objects.filter(submission__campaign__force=user.organisation_id)
    return mine.select_related("submission__retailer", "offender")
