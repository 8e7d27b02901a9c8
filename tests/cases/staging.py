"""Pairs, series and cases without waiting for a suggestion: for scenes."""

from django.db.models import Max

from portal.cases.actions.series import judge_pair
from portal.cases.models import Case, CaseOffence, Membership, Pair, Series
from portal.cases.states import Basis, PairVerdict
from portal.gallery.models import CustodySubject
from portal.searches.models import Search
from portal.submissions.models import Offender
from tests.cast import Cast


def make_pair(one: Offender, other: Offender, *, score: float = 0.97) -> Pair:
    """A suggested pair of two searched offenders."""
    first, second = sorted((one, other), key=lambda offender: offender.pk)
    searches = [Search.objects.filter(still__offender=offender).latest("pk") for offender in (first, second)]
    return Pair.objects.create(
        force=one.submission.campaign.force,
        first=first,
        second=second,
        first_search=searches[0],
        second_search=searches[1],
        score=score,
        threshold=0.947,
    )


def judged_the_same(pair: Pair, cast: Cast) -> Pair:
    """Two officers judge it one person."""
    for officer in (cast.facial_reviewer, cast.second_reviewer):
        judge_pair(pair, PairVerdict.SAME, "The same scar.", by=officer, first_on_the_left=True)
    return pair


def judged_differently(pair: Pair, cast: Cast) -> Pair:
    """Two officers do not agree."""
    says = {cast.facial_reviewer: PairVerdict.SAME, cast.second_reviewer: PairVerdict.DIFFERENT}
    for officer, verdict in says.items():
        judge_pair(pair, verdict, "The hairline.", by=officer, first_on_the_left=True)
    return pair


def series_of(pair: Pair) -> Series:
    """The series a linked pair is in."""
    return Membership.objects.get(offender=pair.first, until=None).series


def bare_series(offender: Offender) -> Series:
    """A series of one, which no action makes: another tenant's, to be refused."""
    series = Series.objects.create(force=offender.submission.campaign.force)
    Membership.objects.create(series=series, offender=offender)
    return series


def bare_case(offender: Offender) -> Case:
    """A case with one offence, whoever it is about."""
    force = offender.submission.campaign.force
    subject = CustodySubject.objects.filter(force=force).latest("pk")
    last = Case.objects.filter(force=force).aggregate(last=Max("number"))["last"] or 0
    case = Case.objects.create(force=force, number=last + 1, subject=subject, subject_uid=subject.uid)
    CaseOffence.objects.create(case=case, offender=offender, basis=Basis.SERIES)
    return case
