"""{% load rates %}: rates and their uncertainty in words."""

from collections.abc import Sequence

from django import template

from portal.assurance.statistics import Interval, Kappa, Rate

register = template.Library()


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


@register.filter
def share(rate: Rate) -> str:
    """20 % (2 of 10); a dash of nothing."""
    return f"{_percent(rate.share)} ({rate.count} of {rate.total})" if rate.share is not None else "–"


@register.filter
def percent(value: float | None) -> str:
    """A share from 0 to 1 as whole per cent."""
    return "–" if value is None else _percent(value)


@register.filter
def span(interval: Interval | None) -> str:
    """6 % to 51 %."""
    return "–" if interval is None else f"{_percent(interval.low)} to {_percent(interval.high)}"


@register.filter
def agreement(found: Kappa) -> str:
    """0.61 (0.48 to 0.74)."""
    if found.value is None or found.interval is None:
        return "not defined"
    return f"{found.value:.2f} ({found.interval.low:.2f} to {found.interval.high:.2f})"


@register.filter
def beside(row: Sequence[object], columns: Sequence[str]) -> list[tuple[object, str]]:
    """Each cell with the name of its column."""
    return list(zip(row, columns, strict=True))
