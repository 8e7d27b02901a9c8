"""Which images may be searched, now or at a moment in the past."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.gallery.models import CustodyImage, Template


def may_be_searched(at: datetime | None = None, *, prefix: str = "") -> Q:
    """The condition on custody images: not past review, no deletion asked for, not erased."""
    moment = at or timezone.now()
    kept = Q(**{f"{prefix}review_on__gte": timezone.localdate(moment)})
    for field in ("deletion_requested_at", "erased_at"):
        kept &= Q(**{f"{prefix}{field}": None}) | Q(**{f"{prefix}{field}__gt": moment})
    return kept


def excluded_templates(model: str, at: datetime | None = None) -> list[int]:
    """Ids of templates that are in the index and may not be returned, ascending."""
    rows = Template.objects.filter(model=model).exclude(may_be_searched(at, prefix="image__"))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def searchable_images() -> QuerySet[CustodyImage]:
    """Images that a search may return right now."""
    return CustodyImage.objects.filter(may_be_searched())
