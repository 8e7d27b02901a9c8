"""Background work on the queue of decisions."""

from portal.celery import MAINTENANCE, task
from portal.reviews.actions import release_expired
from portal.reviews.queries import open_decisions


@task("reviews.tidy", queue=MAINTENANCE)
def tidy() -> None:
    """Put offenders that became ready into the queue, take reviews back whose officer is away."""
    open_decisions()
    release_expired()
