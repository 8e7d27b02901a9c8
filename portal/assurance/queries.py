"""Real decisions, reviews and offenders: every statistic, list of results and disclosure begins here."""

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.accounts.models import Organisation
from portal.assurance.models import Check, CheckPolicy, CheckResult
from portal.assurance.states import CheckState
from portal.gallery.models import CustodyImage
from portal.reviews.models import Decision, Review
from portal.reviews.states import ReviewState
from portal.submissions.genuine import genuine
from portal.submissions.models import Still
from portal.work import WorkState


def real_stills() -> QuerySet[Still]:
    """Stills of offenders that retailers reported; known-answer checks are left out."""
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


# --- checks ---------------------------------------------------------------------------------------
def rate_of(force: Organisation) -> float:
    """How many in a hundred of what enters the force's queue are checks: its own rate, or the service's."""
    own = own_rate_of(force)
    return float(settings.CHECK_RATE_PERCENT if own is None else own)


def own_rate_of(force: Organisation) -> float | None:
    """The rate that was set for this force; None where the service's stands."""
    return CheckPolicy.objects.filter(force=force).values_list("percent", flat=True).first()


def ready_checks(force: Organisation) -> QuerySet[Check]:
    """The pool, in no order that tells anything; a planted image must have been enrolled."""
    enrolled = CustodyImage.objects.filter(subject__uid=OuterRef("subject_uid"), work_state=WorkState.DONE)
    usable = Q(subject_uid=None) | Exists(enrolled)
    return Check.objects.filter(usable, force=force, state=CheckState.PREPARED).order_by("?")


def check_of(decision: Decision) -> Check | None:
    """The check a decision is about; None for a real one."""
    return Check.objects.filter(offender=decision.offender_id).first()


def ungraded_reviews() -> QuerySet[Review]:
    """Completed reviews of checks without a recorded result."""
    done = Review.objects.filter(~genuine("decision__offender__"), state=ReviewState.COMPLETE)
    graded = CheckResult.objects.filter(review=OuterRef("pk"))
    return done.filter(~Exists(graded)).select_related("decision").order_by("pk")
