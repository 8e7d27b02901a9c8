"""Days as a person means them, asked for so that an index on the moment can answer."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def within(field: str, begin: date | None, end: date | None) -> dict[str, datetime]:
    """Conditions that a moment lies on these days or between them, in the service's time zone."""
    limits = {}
    if begin:
        limits[f"{field}__gte"] = _midnight(begin)
    if end:
        limits[f"{field}__lt"] = _midnight(end + timedelta(days=1))
    return limits


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
