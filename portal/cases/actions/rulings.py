"""Ruling on pairs that two judgements did not settle, and taking a ruling back.

A ruling never puts together whom two officers judged different people, or who were taken apart.
"""

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid
from portal.cases.actions.series import are_together, kept_apart, lock_series_of, make_link, move_pair, unlink
from portal.cases.models import Pair, PairRuling
from portal.cases.states import DISPUTED, MAY_RULE, PairState, Ruling

CHANGED = "This pair has changed since you looked at it. Look at it again."
STAYS_APART = (
    "Linking these would put together offenders who were taken apart or judged different people,"
    " and that stays. Take whoever does not belong there out of the series first."
)
TOGETHER = "Both stand in one series. Take one of them out of it: they are then never suggested again."
RULED: dict[Ruling, PairState] = {
    Ruling.SAME: PairState.LINKED,
    Ruling.DIFFERENT: PairState.DIFFERENT,
    Ruling.AGAIN: PairState.SUGGESTED,
}


@transaction.atomic
def rule_on_pair(pair: Pair, ruling: Ruling, reason: str, *, by: User, seen_round: int) -> PairRuling:
    """A supervisor decides with both judgements of `seen_round` seen. Conflict, Invalid: see there."""
    _check_may_rule(pair, reason, by)
    lock_series_of(pair.force_id)
    pair.refresh_from_db()
    if pair.state not in DISPUTED or pair.round != seen_round:
        raise Conflict(CHANGED)
    _check_possible(pair, ruling, by)
    origin, seen = pair.state, pair.round
    more = {"round": pair.round + 1} if ruling == Ruling.AGAIN else {}
    move_pair(pair, RULED[ruling], **more)
    if ruling == Ruling.SAME:
        make_link(pair, adjudicator=by)
    made = PairRuling.objects.create(
        pair=pair, by=by, ruling=ruling, reason=reason.strip()[:500], origin=origin, round=seen
    )
    record(Tag.PAIR_RULED_ON, actor=by, subject=pair, reason=reason, ruling=ruling, origin=origin, round=seen)
    return made


def _check_may_rule(pair: Pair, reason: str, by: User) -> None:
    if by.role not in MAY_RULE or by.organisation_id != pair.force_id:
        raise Conflict("Your role does not rule on pairs of this force.")
    if not reason.strip():
        raise Invalid("Say why, with both judgements in view.")


def _check_possible(pair: Pair, ruling: Ruling, by: User) -> None:
    if pair.judgements.filter(officer=by).exists():
        raise Conflict("You have judged this pair yourself: it needs somebody else.")
    if not is_held(pair):
        raise Conflict("A still of this pair is no longer held, so there is nothing to compare.")
    if ruling == Ruling.SAME and kept_apart(pair).exists():
        raise Conflict(STAYS_APART)
    if ruling == Ruling.DIFFERENT and are_together(pair):
        raise Conflict(TOGETHER)


def is_held(pair: Pair) -> bool:
    """Whether both faces can still be looked at."""
    searches = (pair.first_search, pair.second_search)
    return all(one is not None and one.still_id is not None for one in searches)


def standing_ruling(pair: Pair) -> PairRuling | None:
    """The ruling by which the pair stands where it stands; None where judgements brought it there."""
    if pair.state not in (PairState.LINKED, PairState.DIFFERENT):
        return None
    newest = pair.rulings.order_by("-pk").first()
    return (
        newest if newest and RULED[Ruling(newest.ruling)] == pair.state and not newest.taken_back_at else None
    )


@transaction.atomic
def take_back_ruling(pair: Pair, reason: str, *, by: User) -> None:
    """The pair stands where it stood before the ruling; a link that rested on it ends."""
    _check_may_rule(pair, reason, by)
    lock_series_of(pair.force_id)
    pair.refresh_from_db()
    ruling = standing_ruling(pair)
    if ruling is None:
        raise Conflict(CHANGED)
    if ruling.ruling == Ruling.SAME:
        unlink(pair, reason.strip(), by=by)
    move_pair(pair, PairState(ruling.origin))
    fields = {"taken_back_at": timezone.now(), "taken_back_by": by, "taken_back_why": reason.strip()[:500]}
    PairRuling.objects.filter(pk=ruling.pk).update(**fields)
    record(Tag.PAIR_RULING_TAKEN_BACK, actor=by, subject=pair, reason=reason, ruling=ruling.ruling)
