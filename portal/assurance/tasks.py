"""Background work of the checks: they enter the queue, and are graded once reviewed."""

from portal.accounts.models import Organisation, OrganisationKind
from portal.assurance import actions
from portal.celery import MAINTENANCE, task


@task("assurance.enter_checks", queue=MAINTENANCE, soft_seconds=100, hard_seconds=120)
def enter_checks() -> None:
    """Let checks follow the decisions that entered each force's queue."""
    actions.resume_entering()
    for force in Organisation.objects.filter(kind=OrganisationKind.FORCE):
        actions.enter_due_checks(force)


@task("assurance.grade_reviews", queue=MAINTENANCE)
def grade_reviews() -> None:
    """Record what reviewers made of the checks they completed."""
    actions.grade_reviews()
