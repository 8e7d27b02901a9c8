"""What officers ask retailers for, and how a question ends."""

from django.db.models import TextChoices


class Kind(TextChoices):
    """What is asked for."""

    BETTER_STILL = "better_still", "A better still"
    FULL_FOOTAGE = "full_footage", "Full footage"
    STATEMENT = "statement", "A statement"
    RECEIPT = "receipt", "A receipt"


class QuestionState(TextChoices):
    """A question is open until the retailer answers it or the officer withdraws it."""

    OPEN = "open", "Open"
    ANSWERED = "answered", "Answered"
    WITHDRAWN = "withdrawn", "Withdrawn"


QUESTION_MOVES: dict[QuestionState, frozenset[QuestionState]] = {
    QuestionState.OPEN: frozenset({QuestionState.ANSWERED, QuestionState.WITHDRAWN}),
    QuestionState.ANSWERED: frozenset(),
    QuestionState.WITHDRAWN: frozenset(),
}

COLLECTED = frozenset({Kind.FULL_FOOTAGE, Kind.RECEIPT})  # things that lie somewhere and are fetched
DOCUMENTED = frozenset({Kind.STATEMENT, Kind.RECEIPT})  # what a document can be sent of
LONGEST_WAIT_DAYS = 90
