"""What is due to be erased today."""

from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.utils import timezone

from portal.gallery.models import CustodyImage
from portal.questions.models import Document
from portal.reviews.states import DecisionState, Outcome
from portal.submissions.models import Still

DAY = timedelta(days=1)


def stills_due() -> QuerySet[Still]:
    """Stills of offenders not identified whose campaign's retention period has ended.

    It counts from the decision, or from the day of arrival where there is none; from the day of reopening
    where there was one.
    """
    campaign = "offender__submission__campaign__retention_days"
    kept = ExpressionWrapper(F(campaign) * DAY, output_field=DurationField())
    since_decision = Q(
        offender__decision__state=DecisionState.DECIDED,
        offender__decision__decided_at__lt=timezone.now() - kept,
    )
    undecided = Q(offender__decision=None) | ~Q(offender__decision__state=DecisionState.DECIDED)
    reopened = Q(offender__decision__reopened_at__gte=timezone.now() - kept)
    since_arrival = undecided & Q(added_at__lt=timezone.now() - kept) & ~reopened
    return Still.objects.filter(since_decision | since_arrival).exclude(
        offender__decision__outcome=Outcome.IDENTIFIED
    )


def documents_due() -> QuerySet[Document]:
    """Documents about an offender of whom no still is kept any more."""
    return Document.objects.filter(question__offender__stills=None)


def custody_due() -> QuerySet[CustodyImage]:
    """Custody images whose deletion was asked for and not yet carried out."""
    return CustodyImage.objects.filter(deletion_requested_at__isnull=False, erased_at=None)
