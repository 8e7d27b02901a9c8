"""Real decisions, reviews and offenders: every statistic, list of results and disclosure begins here."""

from django.db.models import QuerySet

from portal.assurance.models import Check
from portal.assurance.states import CheckState
from portal.reviews.models import Decision, Review
from portal.submissions.genuine import genuine
from portal.submissions.models import Offender, Still


def real_offenders() -> QuerySet[Offender]:
    """Offenders that retailers reported; known-answer checks are left out."""
    return Offender.objects.filter(genuine())


def real_stills() -> QuerySet[Still]:
    """Stills of real offenders."""
    return Still.objects.filter(genuine("offender__"))


def real_decisions() -> QuerySet[Decision]:
    """Decisions on real offenders."""
    return Decision.objects.filter(genuine("offender__"))


def real_reviews() -> QuerySet[Review]:
    """Reviews of real offenders."""
    return Review.objects.filter(genuine("decision__offender__"))


def kept_pictures() -> set[str]:
    """Keys of stored stills that no still names yet: those of checks that are not in the queue."""
    waiting = Check.objects.exclude(state=CheckState.ENTERED).exclude(picture_key="")
    return set(waiting.values_list("picture_key", flat=True))
