"""What an auditor or operator of one force may see: that force's work, and nothing of another's."""

from django.db.models import Q, QuerySet

from portal.accounts.models import Organisation, User
from portal.audit.models import Entry
from portal.gallery.models import CustodyImage
from portal.reviews.models import Decision
from portal.searches.models import Search
from portal.submissions.models import RefusedUpload, Still


def entries_for(user: User) -> QuerySet[Entry]:
    """Acts of the force's people, of the retailers it works with, and of processes."""
    retailers = Organisation.objects.filter(invited_to__force=user.organisation_id).values("pk")
    own = Q(organisation_id=user.organisation_id) | Q(organisation_id__in=retailers)
    return Entry.objects.filter(own | Q(organisation_id=None))


def decisions_for(user: User) -> QuerySet[Decision]:
    """Decisions of the force, with what their list shows."""
    mine = Decision.objects.filter(offender__submission__campaign__force=user.organisation_id)
    people = ("first_reviewer", "second_reviewer", "adjudicator")
    return mine.select_related("offender__submission__retailer", "offender__submission__campaign", *people)


def searches_for(user: User) -> QuerySet[Search]:
    """Searches of the force, with what their list shows."""
    mine = Search.objects.filter(campaign__force=user.organisation_id)
    return mine.select_related("campaign", "still__offender__submission__retailer", "requested_by")


def stills_for(user: User) -> QuerySet[Still]:
    """Stills sent to the force's campaigns."""
    return Still.objects.filter(offender__submission__campaign__force=user.organisation_id)


def custody_images_for(user: User) -> QuerySet[CustodyImage]:
    """The force's gallery."""
    return CustodyImage.objects.filter(subject__force=user.organisation_id)


def refused_uploads_for(user: User) -> QuerySet[RefusedUpload]:
    """Files that senders to the force's campaigns could not use."""
    mine = RefusedUpload.objects.filter(offender__submission__campaign__force=user.organisation_id)
    return mine.select_related("offender__submission__retailer")
