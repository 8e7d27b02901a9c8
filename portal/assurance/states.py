"""What a check can be, how a review of it can end, and what may become known later."""

from django.db.models import TextChoices


class CheckState(TextChoices):
    """A check is prepared for the pool, enters the queue, and is in it; or is withdrawn unused."""

    PREPARED = "prepared", "In the pool"
    ENTERING = "entering", "Entering the queue"
    ENTERED = "entered", "In the queue"
    WITHDRAWN = "withdrawn", "Withdrawn"


CHECK_MOVES: dict[CheckState, frozenset[CheckState]] = {
    CheckState.PREPARED: frozenset({CheckState.ENTERING, CheckState.WITHDRAWN}),
    CheckState.ENTERING: frozenset({CheckState.ENTERED}),
    CheckState.ENTERED: frozenset(),
    CheckState.WITHDRAWN: frozenset(),
}


class Origin(TextChoices):
    """Whose faces a check shows."""

    SYNTHETIC = "synthetic", "A person who does not exist"
    CONSENTED = "consented", "A person who consented"


class Grade(TextChoices):
    """How a review of a check ended, measured by what is known to be true."""

    FOUND = "found", "Found the right person"
    CLEARED = "cleared", "Rightly named nobody"
    MISSED = "missed", "Missed the person in the list"
    WRONG_PERSON = "wrong_person", "Named the wrong person"
    UNDECIDED = "undecided", "Drew no conclusion"


class TruthKind(TextChoices):
    """What became known of an identification afterwards."""

    CHARGED = "charged", "Charged"
    ELIMINATED = "eliminated", "Eliminated from the enquiry"
    WRONG_PERSON = "wrong_person", "Wrong person"
