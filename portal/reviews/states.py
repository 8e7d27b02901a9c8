"""States, outcomes and the words of a judgement."""

from django.db.models import TextChoices

from portal.accounts.roles import REVIEWING_ROLES, Role


class DecisionState(TextChoices):
    """Where the decision on an offender stands."""

    AWAITING_FIRST = "awaiting_first", "Waiting for a facial reviewer"
    FIRST_OPEN = "first_open", "With a facial reviewer"
    AWAITING_SECOND = "awaiting_second", "Waiting for the second review"
    SECOND_OPEN = "second_open", "With the second reviewer"
    DISPUTED = "disputed", "Waiting for a supervisor"
    ADJUDICATION_OPEN = "adjudication_open", "With a supervisor"
    DECIDED = "decided", "Decided"


DECISION_MOVES: dict[DecisionState, frozenset[DecisionState]] = {
    DecisionState.AWAITING_FIRST: frozenset({DecisionState.FIRST_OPEN}),
    DecisionState.FIRST_OPEN: frozenset(
        {DecisionState.AWAITING_FIRST, DecisionState.AWAITING_SECOND, DecisionState.DECIDED}
    ),
    DecisionState.AWAITING_SECOND: frozenset({DecisionState.SECOND_OPEN}),
    DecisionState.SECOND_OPEN: frozenset(
        {DecisionState.AWAITING_SECOND, DecisionState.DISPUTED, DecisionState.DECIDED}
    ),
    DecisionState.DISPUTED: frozenset({DecisionState.ADJUDICATION_OPEN}),
    DecisionState.ADJUDICATION_OPEN: frozenset({DecisionState.DISPUTED, DecisionState.DECIDED}),
    DecisionState.DECIDED: frozenset({DecisionState.AWAITING_FIRST}),  # reopened, never when identified
}


class Stage(TextChoices):
    """Which of the three looks a review is."""

    FIRST = "first", "First review"
    SECOND = "second", "Second review"
    ADJUDICATION = "adjudication", "Adjudication"


WAITING: dict[Stage, DecisionState] = {
    Stage.FIRST: DecisionState.AWAITING_FIRST,
    Stage.SECOND: DecisionState.AWAITING_SECOND,
    Stage.ADJUDICATION: DecisionState.DISPUTED,
}
OPEN: dict[Stage, DecisionState] = {
    Stage.FIRST: DecisionState.FIRST_OPEN,
    Stage.SECOND: DecisionState.SECOND_OPEN,
    Stage.ADJUDICATION: DecisionState.ADJUDICATION_OPEN,
}
MAY_TAKE: dict[Stage, frozenset[Role]] = {
    Stage.FIRST: REVIEWING_ROLES - {Role.SUPERVISOR},
    Stage.SECOND: frozenset({Role.SECOND_REVIEWER}),
    Stage.ADJUDICATION: frozenset({Role.SUPERVISOR}),
}


class ReviewState(TextChoices):
    """A review is blind first, then revealed, then complete; or handed back."""

    BLIND = "blind", "Blind judgement"
    REVEALED = "revealed", "Revealed"
    COMPLETE = "complete", "Complete"
    RELEASED = "released", "Handed back"


LIVE = (ReviewState.BLIND, ReviewState.REVEALED)


LIST_LENGTHS = (20, 50, 100, 200)  # what an officer may ask for, step by step


class Outcome(TextChoices):
    """What becomes of an offender's report."""

    IDENTIFIED = "identified", "Identified (as intelligence)"
    NO_MATCH = "no_match", "No match in the gallery"
    INCONCLUSIVE = "inconclusive", "Inconclusive"
    UNSUITABLE_CIRCULATE = "unsuitable_circulate", "Unsuitable quality, usable for officer circulation"
    UNSUITABLE = "unsuitable", "Unsuitable quality"
    REFER = "refer", "Refer to a facial examiner"


UNIDENTIFIED = frozenset({Outcome.NO_MATCH, Outcome.INCONCLUSIVE})  # a larger gallery may change these
SINGLE_REVIEW = frozenset({Outcome.UNSUITABLE, Outcome.UNSUITABLE_CIRCULATE})


class Verdict(TextChoices):
    """A judgement on one candidate."""

    POSSIBLE = "possible", "Possible match"
    NOT_THIS_PERSON = "not", "Not this person"
    CANNOT_TELL = "cannot_tell", "Cannot tell"


class Finding(TextChoices):
    """How one feature compares."""

    SIMILAR = "similar", "Similar"
    DIFFERENT = "different", "Different"
    NOT_VISIBLE = "not_visible", "Not visible"


FEATURES = {
    "face_shape": "Face shape",
    "brow": "Brow",
    "eyes": "Eyes",
    "nose": "Nose",
    "mouth": "Mouth",
    "chin": "Chin",
    "ears": "Ears",
    "hairline": "Hairline",
    "marks": "Marks and scars",
}
