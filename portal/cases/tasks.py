"""Background work on series and cases."""

from portal.cases.actions import cases, suggestions
from portal.celery import MAINTENANCE, task


@task("cases.suggest_series", queue=MAINTENANCE, soft_seconds=300, hard_seconds=330)
def suggest_series() -> None:
    """Compare new probes with those of other reports."""
    suggestions.suggest()


@task("cases.follow_decisions", queue=MAINTENANCE, soft_seconds=120, hard_seconds=150)
def follow_decisions() -> None:
    """Open cases for who was identified, let cases in progress follow decisions and series."""
    cases.open_cases()
    cases.gather_offences()
