"""Judging pairs blind and doubled, linking reversibly, taking apart for good.

No series ever holds two offenders whom two officers judged different people, or who were taken apart.
What links or splits holds the force's row, so that two at once see each other's series.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import Organisation, User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid
from portal.cases.models import Link, Membership, Pair, PairJudgement, Series
from portal.cases.states import (
    APART,
    MAY_JUDGE,
    MAY_SPLIT,
    PAIR_MOVES,
    TO_JUDGE,
    PairState,
    PairVerdict,
)

SETTLED = "This pair is already settled. Choose the next one."


def lock_series_of(force_id: int) -> None:
    """Hold the force's row: whoever links, splits or rules next waits for this transaction."""
    Organisation.objects.select_for_update(no_key=True).get(pk=force_id)


def move_pair(pair: Pair, to: PairState, **fields: Any) -> None:
    """One step; Conflict where the pair is no longer where it was, or there is no such step."""
    origin = PairState(pair.state)
    if to not in PAIR_MOVES[origin]:
        raise Conflict(SETTLED)
    fields["settled_at"] = None if to in TO_JUDGE else timezone.now()
    if Pair.objects.filter(pk=pair.pk, state=origin).update(state=to, **fields) != 1:
        raise Conflict(SETTLED)
    pair.refresh_from_db()


# --- judging --------------------------------------------------------------------------------------
@transaction.atomic
def judge_pair(
    pair: Pair, verdict: PairVerdict, reason: str, *, by: User, first_on_the_left: bool
) -> PairJudgement:
    """One officer's blind judgement; the second one's settles the pair. Conflict, Invalid: see there."""
    _check_may_judge(pair, verdict, reason, by)
    lock_series_of(pair.force_id)
    pair.refresh_from_db()
    if pair.state not in TO_JUDGE:
        raise Conflict(SETTLED)
    if pair.judgements.filter(officer=by).exists():
        raise Conflict("You have already judged this pair: it needs somebody else.")
    judgement = PairJudgement.objects.create(
        pair=pair,
        officer=by,
        role=by.role,
        verdict=verdict,
        reason=reason.strip(),
        first_on_the_left=first_on_the_left,
        round=pair.round,
    )
    if pair.state == PairState.SUGGESTED:
        move_pair(pair, PairState.AWAITING_SECOND)
    else:
        _settle(pair)
    record(Tag.PAIR_JUDGED, actor=by, subject=pair, verdict=verdict)
    if pair.state not in TO_JUDGE:
        record(Tag.PAIR_SETTLED, actor=by, subject=pair, state=pair.state)
    return judgement


def _check_may_judge(pair: Pair, verdict: PairVerdict, reason: str, by: User) -> None:
    if by.role not in MAY_JUDGE or by.organisation_id != pair.force_id:
        raise Conflict("Your role does not judge pairs of this force.")
    if verdict not in PairVerdict.values:
        raise Invalid("Choose one of the three judgements.")
    if not reason.strip():
        raise Invalid("Say what you compared, and what speaks for and against.")


def _settle(pair: Pair) -> None:
    judgements = judgements_in_force(pair)
    verdicts = {one.verdict for one in judgements}
    if verdicts == {PairVerdict.DIFFERENT}:
        move_pair(pair, PairState.CONTRADICTED if are_together(pair) else PairState.DIFFERENT)
    elif verdicts != {PairVerdict.SAME}:
        move_pair(pair, PairState.UNRESOLVED)
    elif kept_apart(pair).exists():
        move_pair(pair, PairState.CONTRADICTED)
    else:
        move_pair(pair, PairState.LINKED)
        make_link(pair)


def judgements_in_force(pair: Pair) -> list[PairJudgement]:
    """Those of the round under way, or of the last one."""
    return list(pair.judgements.filter(round=pair.round).select_related("officer"))


def kept_apart(pair: Pair) -> QuerySet[Pair]:
    """Pairs that are never to be in one series and would be, were this one linked."""
    one, other = _with(pair.first_id), _with(pair.second_id)
    across = Q(first__in=one, second__in=other) | Q(first__in=other, second__in=one)
    return Pair.objects.filter(across, state__in=APART)


def make_link(pair: Pair, *, adjudicator: User | None = None) -> None:
    """Link the two by the judgements in force; both sides' series become one."""
    first, second = (one.officer for one in judgements_in_force(pair))
    by = {"first_officer": first, "second_officer": second, "adjudicator": adjudicator}
    Link.objects.update_or_create(
        pair=pair,
        defaults={**by, "made_at": timezone.now(), "ended_at": None, "ended_by": None, "end_reason": ""},
    )
    _join(pair)


def unlink(pair: Pair, reason: str, *, by: User) -> None:
    """End a link; what it alone connected falls apart."""
    Link.objects.filter(pair=pair, ended_at=None).update(
        ended_at=timezone.now(), ended_by=by, end_reason=reason[:500]
    )
    membership = Membership.objects.select_related("series").get(offender=pair.first_id, until=None)
    _regroup(membership.series, _with(pair.first_id))


# --- series ---------------------------------------------------------------------------------------
def series_of(offender_id: int) -> int | None:
    """The series an offender is in now."""
    found = Membership.objects.filter(offender=offender_id, until=None)
    return found.values_list("series_id", flat=True).first()


def are_together(pair: Pair) -> bool:
    """Whether both stand in one series now."""
    held = series_of(pair.first_id)
    return held is not None and held == series_of(pair.second_id)


def _with(offender_id: int) -> set[int]:
    """The offender and whoever is in a series with it now."""
    series = Membership.objects.filter(offender=offender_id, until=None).values("series")
    members = Membership.objects.filter(series__in=series, until=None)
    return {offender_id, *members.values_list("offender_id", flat=True)}


def _join(pair: Pair) -> None:
    """Both offenders and everybody linked with them are one series: the older one goes on."""
    everybody = _with(pair.first_id) | _with(pair.second_id)
    current = Membership.objects.filter(offender__in=everybody, until=None)
    known = sorted(set(current.values_list("series_id", flat=True)))
    kept = known[0] if known else Series.objects.create(force_id=pair.force_id).pk
    staying = set(current.filter(series=kept).values_list("offender_id", flat=True))
    current.exclude(series=kept).update(until=timezone.now())
    Series.objects.filter(pk__in=known[1:]).update(ended_at=timezone.now())
    _add(kept, everybody - staying)


def _add(series_id: int, offenders: Iterable[int]) -> None:
    Membership.objects.bulk_create(
        Membership(series_id=series_id, offender_id=offender) for offender in sorted(offenders)
    )


@transaction.atomic
def split(series: Series, offender_id: int, reason: str, *, by: User) -> None:
    """Take an offender out of a series for good: never linked or suggested with its members again.

    Where only this offender connected the others, they fall into series of their own.
    """
    if by.role not in MAY_SPLIT or by.organisation_id != series.force_id:
        raise Conflict("Your role does not take series apart.")
    if not reason.strip():
        raise Invalid("Say why this offender does not belong to the series.")
    lock_series_of(series.force_id)
    members = set(Membership.objects.filter(series=series, until=None).values_list("offender_id", flat=True))
    if offender_id not in members:
        raise Conflict("This offender is no longer in the series.")
    others = members - {offender_id}
    _end_links(offender_id, others, reason.strip(), by)
    _keep_apart(series.force_id, offender_id, others)
    Membership.objects.filter(series=series, offender=offender_id, until=None).update(until=timezone.now())
    _regroup(series, others)
    record(Tag.SERIES_SPLIT, actor=by, subject=series, reason=reason, offender=offender_id)


def _between(offender_id: int, others: Iterable[int]) -> Q:
    return Q(first=offender_id, second__in=others) | Q(second=offender_id, first__in=others)


def _end_links(offender_id: int, others: set[int], reason: str, by: User) -> None:
    pairs = Pair.objects.filter(_between(offender_id, others))
    Link.objects.filter(pair__in=pairs, ended_at=None).update(
        ended_at=timezone.now(), ended_by=by, end_reason=reason[:500]
    )


def _keep_apart(force_id: int, offender_id: int, others: set[int]) -> None:
    pairs = Pair.objects.filter(_between(offender_id, others))
    for pair in pairs.exclude(state__in=APART):
        move_pair(pair, PairState.SPLIT)
    known = {one.first_id + one.second_id - offender_id for one in pairs}
    now = timezone.now()
    Pair.objects.bulk_create(
        Pair(
            force_id=force_id,
            first_id=min(offender_id, other),
            second_id=max(offender_id, other),
            state=PairState.SPLIT,
            settled_at=now,
        )
        for other in sorted(others - known)
    )


def _regroup(series: Series, members: set[int]) -> None:
    """What still hangs together after a split: the largest part keeps the series, single ones leave it."""
    parts = sorted(_connected(members), key=lambda part: (-len(part), min(part)))
    stay = parts[0] if len(parts[0]) > 1 else set()
    leaving = Membership.objects.filter(series=series, until=None).exclude(offender__in=stay)
    leaving.update(until=timezone.now())
    if not stay:
        Series.objects.filter(pk=series.pk).update(ended_at=timezone.now())
    for part in parts[1:]:
        if len(part) > 1:
            _add(Series.objects.create(force_id=series.force_id).pk, part)


def _connected(members: set[int]) -> list[set[int]]:
    """The parts of `members` that links which hold connect."""
    links = Link.objects.filter(ended_at=None, pair__first__in=members, pair__second__in=members)
    parts = [{one} for one in members]
    for first, second in links.values_list("pair__first", "pair__second"):
        joined = [part for part in parts if first in part or second in part]
        parts = [part for part in parts if part not in joined] + [set().union(*joined)]
    return parts
