"""Background work on the queue of decisions."""

from portal import work
from portal.celery import BULK, MAINTENANCE, send, task
from portal.reviews import again
from portal.reviews.actions import release_expired
from portal.reviews.models import SearchAgain
from portal.reviews.queries import open_decisions


@task("reviews.tidy", queue=MAINTENANCE)
def tidy() -> None:
    """Put offenders that became ready into the queue, take reviews back whose officer is away."""
    open_decisions()
    release_expired()


@task("reviews.plan_searches_again", queue=MAINTENANCE)
def plan_searches_again() -> None:
    """New custody images: put offenders still unidentified to work; send again what waited too long."""
    again.plan()
    work.sweep(SearchAgain, lambda pk: send(again.SEARCH_AGAIN, queue=BULK, again_id=pk))


@task(again.SEARCH_AGAIN, queue=BULK)
def search_again(*, again_id: int) -> None:
    """Search the stills of one offender again."""
    held = work.claim(SearchAgain, again_id)
    if held is None:
        return
    with work.attempt(held):
        again.perform(held)
