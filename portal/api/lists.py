"""Lists in parts, and strict query strings: a filter with a typing error is refused, not ignored.

A cursor is the place of the last row (what the list is ordered by, and its number), so that a part costs the
same however far down it lies, and rows that come or go meanwhile are neither missed nor told twice.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework import serializers
from rest_framework.request import Request

from portal.api.serializers import PageQuery

Row = TypeVar("Row", bound=Model)
LARGEST_NUMBER = 2**63 - 1


def _number(text: Any) -> int:
    if type(text) is not int or not -LARGEST_NUMBER <= text <= LARGEST_NUMBER:
        raise ValueError
    return text


def _moment(text: Any) -> datetime:
    moment = parse_datetime(text) if isinstance(text, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError
    return moment


@dataclass(frozen=True)
class Order:
    """What a list is ordered by: a column that is never null, then the row's number."""

    column: str = "pk"
    descending: bool = False
    read: Callable[[Any], Any] = _number

    def of(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """The rows in this order."""
        sign = "-" if self.descending else ""
        return rows.order_by(f"{sign}{self.column}", f"{sign}pk")

    def after(self, rows: QuerySet[Row], cursor: str) -> QuerySet[Row]:
        """Those behind the cursor; ValidationError for one that was not made by `cursor_at`."""
        try:
            column, value, pk = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
            value, pk = self.read(value), _number(pk)
            if column != self.column:
                raise ValueError
        except (ValueError, TypeError, RecursionError) as error:
            raise serializers.ValidationError(
                {"cursor": "This is no cursor of this list."}, "cursor"
            ) from error
        than = "lt" if self.descending else "gt"
        further = Q(**{f"{self.column}__{than}": value})
        return rows.filter(further | Q(**{self.column: value, f"pk__{than}": pk}))

    def cursor_at(self, row: Model) -> str:
        """The place of a row."""
        value = getattr(row, self.column)
        written = value.isoformat() if isinstance(value, datetime) else value
        return base64.urlsafe_b64encode(json.dumps([self.column, written, row.pk]).encode()).decode()


NEWEST_FIRST = Order(descending=True)
OLDEST_FIRST = Order()
BY_PLACE = Order("place"), Order("place", descending=True)
BY_CREATION = Order("created_at", read=_moment), Order("created_at", descending=True, read=_moment)
BY_CHANGE = Order("status_since", read=_moment), Order("status_since", descending=True, read=_moment)


def query_of(request: Request, form: type[serializers.Serializer[Any]] = PageQuery) -> dict[str, Any]:
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


def page(
    request: Request,
    query: dict[str, Any],
    rows: QuerySet[Row],
    show: Callable[[list[Row]], Any],
    order: Order = NEWEST_FIRST,
) -> dict[str, Any]:
    """The envelope of a list: the part that the query names, and where the next one is."""
    limit, rows = query["limit"], order.of(rows)
    if query.get("cursor"):
        rows = order.after(rows, query["cursor"])
    part = list(rows[: limit + 1])
    more = len(part) > limit
    return {
        "next": _link(request, order.cursor_at(part[limit - 1])) if more else None,
        "results": show(part[:limit]),
    }


def _link(request: Request, cursor: str) -> str:
    given = request.query_params.copy()
    given["cursor"] = cursor
    return f"{request.build_absolute_uri(request.path)}?{given.urlencode()}"
