"""Background work on questions."""

from portal.celery import MAINTENANCE, task
from portal.questions import actions, stand_ins
from portal.questions.queries import unconsidered


@task("questions.reconsider", queue=MAINTENANCE)
def reconsider() -> None:
    """Bring better stills that were sent as an answer before the reviewers."""
    for question in unconsidered():
        actions.reconsider(question)


@task("questions.stand_in", queue=MAINTENANCE)
def stand_in() -> None:
    """Answer what officers ask about known-answer checks."""
    stand_ins.plan_answers()
    stand_ins.give_answers()
