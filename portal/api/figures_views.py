"""The dashboard's numbers."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.access import Endpoint, account
from portal.api.filters import OffenderFilter, filtered
from portal.api.lists import query_of
from portal.api.queries import offenders_of
from portal.api.schema import documented
from portal.api.scopes import Scope
from portal.reviews.status import WORDS
from portal.reviews.tallies import STATUS, offender_tallies
from portal.submissions.models import Offender

HOUR = timedelta(hours=1)


class StatusFigures(serializers.Serializer[Any]):
    """How many offenders have a status, and what was taken by them."""

    code = serializers.CharField(read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]
    offenders = serializers.IntegerField(read_only=True)
    value = serializers.DecimalField(max_digits=14, decimal_places=2, read_only=True, allow_null=True)


class FiguresOut(serializers.Serializer[Any]):
    """Numbers of the offenders that the filters name. Times are medians, null where there is none."""

    offenders = serializers.IntegerField(read_only=True)
    declared = serializers.IntegerField(read_only=True)
    searched = serializers.IntegerField(read_only=True)
    decided = serializers.IntegerField(read_only=True)
    value = serializers.DecimalField(max_digits=14, decimal_places=2, read_only=True, allow_null=True)
    hours_to_outcome = serializers.FloatField(
        read_only=True, allow_null=True, help_text="from the declaration"
    )
    by_status = StatusFigures(many=True, read_only=True)


class Figures(Endpoint):
    """The retailer's numbers."""

    @documented("get_figures", Scope.FIGURES_READ, {200: FiguresOut}, query=OffenderFilter)
    def get(self, request: Request) -> Response:
        """Your numbers: by status, with the value taken and the time to an outcome."""
        query = query_of(request, OffenderFilter)
        return Response(FiguresOut(_figures(filtered(offenders_of(account(request)), query))).data)


def _figures(rows: QuerySet[Offender]) -> dict[str, Any]:
    found = offender_tallies(rows)
    whole, by_code = found.whole, found.by[STATUS]
    waited = whole.to_outcome
    return {
        "offenders": whole.offenders,
        "declared": whole.sent,
        "searched": whole.searched,
        "decided": whole.decided,
        "value": whole.value,
        "hours_to_outcome": None if waited is None else round(waited / HOUR, 2),
        "by_status": [
            {"code": code, "label": WORDS[code][0], "offenders": one.offenders, "value": one.value}
            for code, one in sorted((str(code), one) for code, one in by_code.items())
        ],
    }
