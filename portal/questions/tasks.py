"""Background work on questions."""

from portal.celery import MAINTENANCE, task
from portal.questions import actions
from portal.questions.queries import unconsidered


@task("questions.reconsider", queue=MAINTENANCE)
def reconsider() -> None:
    """Bring better stills that were sent as an answer before the reviewers."""
    for question in unconsidered():
        actions.reconsider(question)
