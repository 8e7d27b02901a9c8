"""Lists in parts, and strict query strings: a filter with a typing error is refused, not ignored."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from portal.api.serializers import PageQuery

Row = TypeVar("Row", bound=Model)


def query_of(request: Request, form: type[PageQuery] = PageQuery) -> dict[str, Any]:
    """The query string, checked; ValidationError for an unknown, repeated or wrong parameter."""
    given = request.query_params
    known = form().fields
    for name, values in given.lists():
        if name not in known:
            raise serializers.ValidationError({name: "There is no such parameter."}, "unknown")
        if len(values) != 1:
            raise serializers.ValidationError({name: "Give this parameter once."}, "repeated")
    checked = form(data=given.dict())
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def part_of(rows: QuerySet[Row], query: dict[str, Any]) -> tuple[list[Row], int]:
    """The rows that the query's limit and offset name, and how many there are in all."""
    limit, offset = query["limit"], query["offset"]
    return list(rows[offset : offset + limit]), rows.count()


def page(request: Request, query: dict[str, Any], results: Any, count: int) -> dict[str, Any]:
    """The envelope of a list."""
    limit, offset = query["limit"], query["offset"]
    return {
        "count": count,
        "next": _link(request, offset + limit) if offset + limit < count else None,
        "previous": _link(request, max(0, offset - limit)) if offset else None,
        "results": results,
    }


def _link(request: Request, offset: int) -> str:
    given = request.query_params.copy()
    given["offset"] = str(offset)
    return f"{request.build_absolute_uri(request.path)}?{given.urlencode()}"
