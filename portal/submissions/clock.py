"""What a recorder's clock shows, when it really was, and how wrong a store's clocks usually are."""

from datetime import datetime, timedelta
from typing import Any

from portal.accounts.models import Store
from portal.submissions.models import Offender


def really(shown: datetime, fast_minutes: int) -> datetime:
    """The true moment of what a clock shows that is `fast_minutes` fast (negative: slow)."""
    return shown - timedelta(minutes=fast_minutes)


def clock_error(fast_minutes: int) -> str:
    """In words: "is 7 minutes fast"; empty where the clock is right."""
    if not fast_minutes:
        return ""
    minutes = abs(fast_minutes)
    return f"is {minutes} minute{'' if minutes == 1 else 's'} {'fast' if fast_minutes > 0 else 'slow'}"


def usual_clock(store: Store, camera: str) -> int:
    """By how many minutes a clock is fast: as the newest report from this camera said, else the store's."""
    if camera:
        said = Offender.objects.filter(store=store, camera__iexact=camera).order_by("-pk")
        minutes = said.values_list("clock_offset_minutes", flat=True).first()
        if minutes is not None:
            return minutes
    return store.clock_offset_minutes


def with_usual_clock(before: Offender, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes with the usual clock, where a report gets its store and nobody said how fast it was."""
    store = changes.get("store")
    said = "clock_offset_minutes" in changes or before.clock_offset_minutes or before.store_id is not None
    if store is None or said:
        return changes
    return {**changes, "clock_offset_minutes": usual_clock(store, changes.get("camera", before.camera))}
