"""Which images may be searched, now or at a moment in the past."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import Organisation, OrganisationKind
from portal.gallery.models import CustodyImage, CustodySubject, Template


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

    An erased image has no template that could be excluded. What was enrolled after `at` is left out, so that
    a search asked again later excludes what it excluded then. Images and subjects are asked first, by an
    index of each condition: joined, SQLite read every template for every search (1.3 s with a million).
    """
    moment = at or timezone.now()
    others = Organisation.objects.filter(kind=OrganisationKind.FORCE).exclude(pk=force.pk)
    planted = CustodySubject.objects.exclude(only_for=None).exclude(only_for=offender)
    to_be_deleted = CustodyImage.objects.exclude(deletion_requested_at=None)
    images = {
        *_ids(CustodyImage.objects.filter(review_on__lt=timezone.localdate(moment))),
        *_ids(to_be_deleted.filter(deletion_requested_at__lte=moment)),
    }
    subjects = list(_ids(planted))
    indexed = Template.objects.filter(model=model, made_at__lte=moment)
    found = {
        *_ids(indexed.filter(image__subject__force__in=list(others))),
        *(pk for part in _parts(sorted(images)) for pk in _ids(indexed.filter(image__in=part))),
        *(pk for part in _parts(subjects) for pk in _ids(indexed.filter(image__subject__in=part))),
        *_of_other_versions(indexed, model, version),
    }
    return sorted(found)


def _ids(rows: QuerySet[Any]) -> Iterable[int]:
    """In no order: asked for one, SQLite walks the whole table in that order."""
    return rows.order_by().values_list("pk", flat=True)


def _parts(ids: list[int]) -> Iterator[list[int]]:
    """As many at a time as any database takes in one question."""
    return (ids[start : start + 10_000] for start in range(0, len(ids), 10_000))


def _of_other_versions(indexed: QuerySet[Template], model: str, version: str) -> Iterator[int]:
    """Whether there are any is told by the ends of an index; that there are is rare."""
    for other in ({"model_version__lt": version}, {"model_version__gt": version}):
        if Template.objects.filter(model=model, **other).exists():
            yield from _ids(indexed.filter(**other))


def searchable_images() -> QuerySet[CustodyImage]:
    """Images that a search may return right now."""
    return CustodyImage.objects.filter(may_be_searched())
