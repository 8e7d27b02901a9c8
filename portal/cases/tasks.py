"""Background work on series, cases and packages."""

from portal import work
from portal.cases.actions import cases, packages, suggestions
from portal.cases.models import Package
from portal.celery import BULK, MAINTENANCE, send, task


@task("cases.suggest_series", queue=MAINTENANCE, soft_seconds=300, hard_seconds=330)
def suggest_series() -> None:
    """Compare new probes with those of other reports."""
    suggestions.suggest()


@task("cases.follow_decisions", queue=MAINTENANCE, soft_seconds=120, hard_seconds=150)
def follow_decisions() -> None:
    """Open cases for who was identified, let cases in progress follow decisions and series."""
    cases.open_cases()
    cases.gather_offences()


@task(packages.MAKE_PACKAGE, queue=BULK, soft_seconds=1500, hard_seconds=1560)
def make_package(*, package_id: int) -> None:
    """Write, sign and store the archive of a package."""
    held = work.claim(Package, package_id)
    if held is None:
        return
    with work.attempt(held):
        try:
            packages.make(held)
        except packages.LeaseLost:
            work.give_back(held, "the lease was lost, or a still was erased meanwhile")


@task("cases.sweep_packages", queue=MAINTENANCE)
def sweep_packages() -> None:
    """Send again packages that wait or whose worker died; delete archives whose time is over."""
    work.sweep(Package, lambda pk: send(packages.MAKE_PACKAGE, queue=BULK, package_id=pk))
    packages.expire()
