"""Which images may be searched, now or at a moment in the past."""

from datetime import datetime

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


def searched_templates(model: str, version: str, force: Organisation) -> QuerySet[Template]:
    """Templates that may be compared with a vector of this model and version, for this force."""
    return Template.objects.filter(model=model, model_version=version, image__subject__force=force)


def excluded_templates(
    model: str, version: str, force: Organisation, at: datetime | None = None
) -> list[int]:
    """Ids of templates that are in the index and may not be returned to this force, ascending.

    Each condition has an index of its own. An erased image has no template that could be excluded.
    """
    moment = at or timezone.now()
    others = Organisation.objects.filter(kind=OrganisationKind.FORCE).exclude(pk=force.pk)
    reasons = (
        Q(image__review_on__lt=timezone.localdate(moment)),
        Q(image__deletion_requested_at__lte=moment),
        Q(model_version__lt=version) | Q(model_version__gt=version),
        Q(image__subject__force__in=list(others)),
    )
    indexed = Template.objects.filter(model=model)
    return sorted({pk for why in reasons for pk in indexed.filter(why).values_list("pk", flat=True)})


def searchable_images() -> QuerySet[CustodyImage]:
    """Images that a search may return right now."""
    return CustodyImage.objects.filter(may_be_searched())
