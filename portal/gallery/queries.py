"""Which images may be searched, now or at a moment in the past."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import Organisation, OrganisationKind
from portal.gallery.models import CustodyImage, Template


def may_be_searched(at: datetime | None = None, *, prefix: str = "") -> Q:
    """The condition on custody images: not past review, no deletion asked for, not erased."""
    moment = at or timezone.now()
    kept = Q(**{f"{prefix}review_on__gte": timezone.localdate(moment)})
    for field in ("deletion_requested_at", "erased_at"):
        kept &= Q(**{f"{prefix}{field}": None}) | Q(**{f"{prefix}{field}__gt": moment})
    return kept


def not_planted(prefix: str = "") -> Q:
    """The condition on custody subjects: real ones, not those planted for one known-answer check."""
    return Q(**{f"{prefix}only_for": None})


def searched_templates(
    model: str, version: str, force: Organisation, *, offender: UUID | None = None
) -> QuerySet[Template]:
    """Templates that may be compared with a vector of this model and version, for this force.

    A subject planted for `offender` is one of them for that offender's searches only.
    """
    found = Template.objects.filter(model=model, model_version=version, image__subject__force=force)
    planted_here = Q(image__subject__only_for=offender) if offender else Q()
    return found.filter(not_planted("image__subject__") | planted_here)


def excluded_templates(
    model: str,
    version: str,
    force: Organisation,
    at: datetime | None = None,
    *,
    offender: UUID | None = None,
) -> list[int]:
    """Ids of templates that are in the index and may not be returned for this offender, ascending.

    Each condition has an index of its own. An erased image has no template that could be excluded. What
    was enrolled after `at` is left out, so that a search asked again later excludes what it excluded then.
    """
    moment = at or timezone.now()
    others = Organisation.objects.filter(kind=OrganisationKind.FORCE).exclude(pk=force.pk)
    reasons = (
        Q(image__review_on__lt=timezone.localdate(moment)),
        Q(image__deletion_requested_at__lte=moment),
        Q(model_version__lt=version) | Q(model_version__gt=version),
        Q(image__subject__force__in=list(others)),
        ~not_planted("image__subject__") & ~Q(image__subject__only_for=offender),
    )
    indexed = Template.objects.filter(model=model, made_at__lte=moment)
    return sorted({pk for why in reasons for pk in indexed.filter(why).values_list("pk", flat=True)})


def searchable_images() -> QuerySet[CustodyImage]:
    """Images that a search may return right now."""
    return CustodyImage.objects.filter(may_be_searched())
