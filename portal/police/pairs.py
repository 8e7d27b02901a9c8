"""What the page of a pair may show, and on which side."""

from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from portal.accounts.models import User
from portal.cases.models import Pair, PairJudgement
from portal.cases.states import MAY_JUDGE, TO_JUDGE
from portal.searches.models import Search

LEFT, RIGHT = 1, 2


def first_on_the_left(pair: Pair, user: User) -> bool:
    """Each officer's own toss of a coin, the same at every look."""
    toss = salted_hmac("portal.police.pairs", f"{pair.uid}:{user.pk}", algorithm="sha256")
    return toss.digest()[0] % 2 == 0


def search_on_side(pair: Pair, user: User, side: int) -> Search | None:
    """The search whose face stands on this side for this officer."""
    first = first_on_the_left(pair, user) == (side == LEFT)
    return pair.first_search if first else pair.second_search


@dataclass(frozen=True)
class Look:
    """How much of a pair an officer sees: to judge, to wait for the second officer, or everything."""

    to_judge: bool
    mine: PairJudgement | None
    everything: bool


def look_of(pair: Pair, user: User) -> Look:
    """Before one's own judgement the faces only; the other's judgement once the pair is settled."""
    mine = pair.judgements.filter(officer=user).first()
    judges = user.role in MAY_JUDGE
    waiting = pair.state in TO_JUDGE
    return Look(
        to_judge=judges and waiting and mine is None,
        mine=mine,
        everything=not waiting or not judges,
    )
