"""The shortest ways to pairs, series and cases, through our own actions."""

from pathlib import Path

from portal import storage, work
from portal.accounts.models import User
from portal.cases.actions import cases, packages, suggestions
from portal.cases.actions.series import judge_pair
from portal.cases.models import Case, Package, Pair
from portal.cases.states import PackageKind, PairVerdict
from portal.reviews.states import Outcome
from portal.submissions.models import Offender
from tests.cast import Cast, decide, searched_offender


def look_alikes(cast: Cast, *, person: int = 7) -> tuple[Offender, Offender]:
    """An offender of each retailer with the same face."""
    mine = searched_offender(cast.loss_prevention, cast.campaign, person=person, value=40)
    theirs = searched_offender(cast.neighbour, cast.campaign, person=person, value=60, violence=True)
    return mine, theirs


def pair_of(one: Offender, other: Offender) -> Pair:
    """The pair of two offenders, suggested now if it was not yet."""
    suggestions.suggest()
    first, second = sorted((one.pk, other.pk))
    return Pair.objects.get(first=first, second=second)


def judge(pair: Pair, by: User, verdict: PairVerdict = PairVerdict.SAME) -> Pair:
    """One officer's judgement."""
    judge_pair(pair, verdict, "Ears and hairline compared.", by=by, first_on_the_left=True)
    return pair


def link(one: Offender, other: Offender, cast: Cast) -> Pair:
    """Two officers judge two offenders one person."""
    pair = judge(pair_of(one, other), cast.facial_reviewer)
    return judge(pair, cast.second_reviewer)


def case_across_two_retailers(cast: Cast) -> Case:
    """A case of custody subject 1 with an offence of each retailer: one identified, one linked."""
    mine = searched_offender(cast.loss_prevention, cast.campaign, person=1, value=40)
    theirs = searched_offender(cast.neighbour, cast.campaign, person=1, value=60, violence=True)
    link(mine, theirs, cast)
    decide(mine, Outcome.IDENTIFIED, cast)
    cases.open_cases()
    return Case.objects.get()


def made_package(case: Case, kind: PackageKind, by: User) -> Package:
    """A package, made as a worker would."""
    package = packages.request_package(case, kind, "For the prosecutor", by=by)
    held = work.claim(Package, package.pk)
    assert held is not None
    packages.make(held)
    package.refresh_from_db()
    return package


def archive_of(package: Package, folder: Path) -> Path:
    """The stored archive as a file."""
    path = folder / f"{package.uid}.zip"
    path.write_bytes(storage.read(storage.packages(), package.key))
    return path
