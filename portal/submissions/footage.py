"""Until when a store keeps its footage: counted from the incident, unless somebody gave a day."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from portal.accounts.models import Store
from portal.submissions.models import Offender
from portal.submissions.states import YesNoUnknown

COUNTS = {"store", "started_at", "ended_at", "footage_kept", "footage_until"}


def overwritten_on(store: Store, ended_at: datetime) -> date:
    """The day the store's recorder overwrites an incident, by the store's own setting."""
    return timezone.localdate(ended_at) + timedelta(days=store.footage_days)


def keep_clock(before: Offender, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes with the day the footage is overwritten, where nobody gave another day.

    A day that was counted from the incident moves with the incident and the store.
    """
    if not COUNTS & set(changes):
        return changes
    then, now = _counted(before, {}), _counted(before, changes)
    given = changes.get("footage_until", before.footage_until)
    if now is None or (given is not None and given != then):
        return changes
    return changes if given == now else {**changes, "footage_until": now}


def _counted(offender: Offender, changes: dict[str, Any]) -> date | None:
    store, kept, started_at, ended_at = (
        changes.get(name, getattr(offender, name))
        for name in ("store", "footage_kept", "started_at", "ended_at")
    )
    at = ended_at or started_at
    return overwritten_on(store, at) if store and at and kept != YesNoUnknown.NO else None
