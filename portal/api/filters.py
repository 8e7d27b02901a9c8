"""Which offenders a list or the figures are about, and in which order."""

from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce
from rest_framework import serializers

from portal.api.lists import BY_CHANGE, BY_CREATION, BY_PLACE
from portal.api.serializers import PageQuery
from portal.reviews.status import WORDS, with_status
from portal.submissions.models import Offender
from portal.submissions.states import MAX_OFFENDERS, OffenceType

ORDERS = {
    name: order
    for column, both in (("rank", BY_PLACE), ("created_at", BY_CREATION), ("since", BY_CHANGE))
    for name, order in zip((column, f"-{column}"), both, strict=True)
}
CODES = tuple(sorted(str(code) for code in WORDS))


class OffenderFilter(serializers.Serializer[Any]):
    """Which offenders."""

    submission = serializers.UUIDField(required=False)
    campaign = serializers.UUIDField(required=False)
    store = serializers.UUIDField(required=False)
    offence = serializers.ChoiceField(choices=OffenceType.choices, required=False)
    declared = serializers.BooleanField(required=False)
    state = serializers.ChoiceField(choices=CODES, required=False, help_text="the code of the status")
    since = serializers.DateTimeField(required=False, help_text="whose status changed at this time or later")


class OffenderQuery(OffenderFilter, PageQuery):
    """Which offenders, in which order."""

    ordering = serializers.ChoiceField(choices=tuple(ORDERS), default="rank")


PATHS = {
    "submission": "submission__uid",
    "campaign": "submission__campaign__uid",
    "store": "store__uid",
    "offence": "offence",
    "state": "status_code",
    "since": "status_since__gte",
}


def filtered(offenders: QuerySet[Offender], query: dict[str, Any]) -> QuerySet[Offender]:
    """Those that the query names, with their status and `place` (behind all places: none yet)."""
    rows = with_status(offenders).annotate(place=Coalesce("rank", Value(MAX_OFFENDERS + 1)))
    rows = rows.filter(**{path: query[name] for name, path in PATHS.items() if name in query})
    return rows.filter(declared_at__isnull=not query["declared"]) if "declared" in query else rows
