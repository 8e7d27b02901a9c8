"""What a force may set, read from Django's settings in one place and typed."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class WorkPolicy:
    """How long a worker may hold a row, how often it is tried, how soon the sweeper looks again."""

    lease: timedelta
    max_attempts: int
    resend_after: timedelta


def work_policy() -> WorkPolicy:
    """The policy for every kind of background work."""
    return WorkPolicy(
        lease=timedelta(seconds=settings.WORK_LEASE_SECONDS),
        max_attempts=settings.WORK_MAX_ATTEMPTS,
        resend_after=timedelta(seconds=settings.WORK_RESEND_SECONDS),
    )


def state_dir() -> Path:
    """Where this host keeps derived and embedded state: index, caches, embedded services."""
    path = Path(settings.STATE_DIR)
    path.mkdir(parents=True, exist_ok=True)
    return path
