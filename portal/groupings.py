"""Several groupings of the same rows in one query: the rows are worked out once, however many groupings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import QuerySet

WHOLE = ""  # the grouping that has one group: all rows
MEDIAN = {"postgresql": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY {})", "sqlite": "MEDIAN({})"}


@dataclass(frozen=True)
class Asked:
    """Columns of the rows: to group by, to count where not null, to count where they reach a number, to sum,
    to take the median of."""

    by: Sequence[str]
    counts: Sequence[str]
    reaching: Sequence[tuple[str, float]] = ()
    sums: Sequence[str] = ()
    medians: Sequence[str] = ()

    def aggregates(self) -> list[str]:
        """The SQL of what is asked of every group, in the order of the columns above."""
        middle = MEDIAN[connection.vendor]
        return [
            *(f'COUNT("{name}")' for name in self.counts),
            *(f'COUNT(*) FILTER (WHERE "{name}" >= {least:f})' for name, least in self.reaching),
            *(f'SUM("{name}")' for name in self.sums),
            *(middle.format(f'"{name}"') for name in self.medians),
        ]


def grouped(rows: QuerySet[Any, Any], asked: Asked) -> dict[str, dict[str | None, tuple[Any, ...]]]:
    """By grouping and by the group's value as text: the number of rows, then what is asked.

    `rows` are values() under names of their own. What SQLite does not know it gives as a number: see
    `money` and `length`.
    """
    if connection.vendor == "sqlite":
        _teach_median()
    inner, given = rows.order_by().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"WITH facts AS ({inner}) {' UNION ALL '.join(_selects(asked))}", given)
        found: dict[str, dict[str | None, tuple[Any, ...]]] = {name: {} for name in (WHOLE, *asked.by)}
        for grouping, value, *numbers in cursor.fetchall():
            found[grouping][value] = tuple(numbers)
    return found


def _selects(asked: Asked) -> list[str]:
    """One for the whole and one for each grouping; every name in them is written by a programmer."""
    figures = ", ".join(["COUNT(*)", *asked.aggregates()])
    whole = f"SELECT '{WHOLE}', NULL, {figures} FROM facts"  # noqa: S608
    each = 'SELECT \'{0}\', CAST("{0}" AS text), {1} FROM facts GROUP BY "{0}"'
    return [whole, *(each.format(name, figures) for name in asked.by)]


def money(summed: Any) -> Decimal | None:
    """A sum of pounds and pence; None where there was nothing to sum."""
    return None if summed is None else Decimal(str(summed)).quantize(Decimal("0.01"))


def length(found: Any) -> timedelta | None:
    """A median of lengths of time, which SQLite keeps in microseconds."""
    return found if found is None or isinstance(found, timedelta) else timedelta(microseconds=found)


class _Median:
    def __init__(self) -> None:
        self.seen: list[float] = []

    def step(self, value: float | None) -> None:
        if value is not None:
            self.seen.append(value)

    def finalize(self) -> float | None:
        return median(self.seen) if self.seen else None


def _teach_median() -> None:
    connection.ensure_connection()
    connection.connection.create_aggregate("MEDIAN", 1, _Median)
