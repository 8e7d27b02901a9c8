"""What the board shows: thirty places, the tray of what waits for one, and who may be one person."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.questions.models import Question
from portal.questions.queries import open_by_offender
from portal.retailer.coach import Coached, best_still, coach
from portal.retailer.polling import fingerprint
from portal.retailer.preservation import Clock, clock_of
from portal.reviews.status import Status
from portal.searches.strength import Chances
from portal.submissions.grouping import suggestions
from portal.submissions.models import Offender, RefusedUpload, Still
from portal.submissions.names import natural_key
from portal.submissions.states import MAX_OFFENDERS

TRAY_PAGE = 60  # cards of the tray on one page
MOST_SUGGESTED = 6


@dataclass(frozen=True)
class Card:
    """One offender on the board. `before` and `after` are the places beside its own, None at the ends."""

    offender: Offender
    status: Status
    still: Still | None
    coached: Coached | None
    stills: int
    clock: Clock | None
    waiting: Question | None = None  # the most urgent open question of an officer
    faces: int = 0  # found in its best still

    @property
    def name(self) -> str:
        """The file name of its best still, to tell drafts apart."""
        return self.still.name if self.still else ""

    @property
    def before(self) -> int | None:
        """The place before its own."""
        return self.offender.rank - 1 if self.offender.rank and self.offender.rank > 1 else None

    @property
    def after(self) -> int | None:
        """The place behind its own."""
        return self.offender.rank + 1 if self.offender.rank and self.offender.rank < MAX_OFFENDERS else None

    @property
    def poor(self) -> bool:
        """Whether to ask if this still is to be sent at all."""
        asked = self.still is not None and self.still.sent_anyway_at is not None
        return bool(self.coached and self.coached.poor and not asked)


@dataclass(frozen=True)
class Place:
    """One of the thirty places; free where there is no card."""

    rank: int
    card: Card | None = None


@dataclass(frozen=True)
class Grouping:
    """Cards that may be one person, and why; nobody but a person puts them together."""

    why: str
    shared: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Board:
    """Everything on the board at this moment; `seen` is its fingerprint."""

    places: list[Place]
    tray: list[Card]
    groupings: list[Grouping]
    refused: list[RefusedUpload]
    seen: str

    @property
    def taken(self) -> int:
        """Places that are taken."""
        return sum(place.card is not None for place in self.places)

    @property
    def free(self) -> int:
        """Places that are not."""
        return MAX_OFFENDERS - self.taken

    @property
    def busy(self) -> bool:
        """Whether a still is being looked at, so that soon something changes."""
        cards = [place.card for place in self.places if place.card] + self.tray
        return any(card.coached is not None and not card.coached.settled for card in cards)

    @property
    def drafts(self) -> int:
        """Placed offenders that were not sent yet."""
        cards = [place.card for place in self.places if place.card]
        return sum(card.offender.declared_at is None for card in cards)

    @property
    def mergeable(self) -> bool:
        """Whether there are drafts that could be one person."""
        return self.drafts + len(self.tray) > 1


def board_of(
    offenders: Sequence[Offender],
    statuses: dict[int, Status],
    refused: list[RefusedUpload],
    chances: Chances,
) -> Board:
    """The board of these offenders (with their stills, portal.retailer.queries.on_board)."""
    asked = open_by_offender(one.pk for one in offenders)
    cards = {one.pk: _card(one, statuses[one.pk], chances, asked.get(one.pk, [])) for one in offenders}
    by_rank = {card.offender.rank: card for card in cards.values() if card.offender.rank is not None}
    places = [Place(rank, by_rank.get(rank)) for rank in range(1, MAX_OFFENDERS + 1)]
    tray = sorted(
        (card for card in cards.values() if card.offender.rank is None),
        key=lambda card: (natural_key(card.name), card.offender.pk),
    )
    groupings = _groupings(offenders, cards)
    seen = fingerprint(
        [_shown(card) for card in (*by_rank.values(), *tray)],
        [(one.why, [card.offender.pk for card in one.cards]) for one in groupings],
        [one.pk for one in refused],
    )
    return Board(places, tray, groupings, refused, seen)


def _card(one: Offender, status: Status, chances: Chances, asked: Sequence[Question]) -> Card:
    still = best_still(one)
    coached = coach(still, chances, declared=one.declared_at is not None) if still else None
    waiting = asked[0] if asked else None
    faces = len(still.faces.all()) if still else 0
    return Card(one, status, still, coached, len(one.stills.all()), clock_of(one), waiting, faces)


def _shown(card: Card) -> tuple[object, ...]:
    face = card.still and (card.still.pk, card.still.chosen_face_id, card.still.sent_anyway_at)
    one = card.offender
    asked = card.waiting and card.waiting.pk
    return (one.pk, one.rank, one.offence, card.status, card.clock, card.coached, card.stills, face, asked)


def _groupings(offenders: Sequence[Offender], cards: dict[int, Card]) -> list[Grouping]:
    drafts = [one for one in offenders if one.declared_at is None]
    return [
        Grouping(one.why, one.shared, tuple(cards[offender.pk] for offender in one.offenders))
        for one in suggestions(drafts)[:MOST_SUGGESTED]
    ]
