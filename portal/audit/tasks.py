"""Background work on the log."""

from portal.audit import verifying
from portal.celery import MAINTENANCE, task


@task("audit.verify", queue=MAINTENANCE, soft_seconds=120, hard_seconds=150)
def verify() -> None:
    """A part of the night's walk along the chain; nothing once it is done."""
    verifying.verify_log()
