"""What people are told by e-mail, how often, and the way of a message."""

from django.db.models import TextChoices

from portal.accounts.roles import RETAILER_ROLES, REVIEWING_ROLES, Role


class Kind(TextChoices):
    """A subject of messages."""

    OUTCOMES = "outcomes", "Outcomes of offenders you reported"
    QUESTIONS = "questions", "Questions officers ask you"
    PRESERVATION = "preservation", "Footage that will be overwritten"
    ANSWERS = "answers", "Answers to questions you asked"
    QUEUE = "queue", "What waits in the queue for you"


class Frequency(TextChoices):
    """How often: a digest is sent each morning."""

    AT_ONCE = "at_once", "At once"
    DAILY = "daily", "Once a day"
    NEVER = "never", "Never"


class MailState(TextChoices):
    """Where a message stands. One that failed waits for an operator."""

    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"


TOLD_TO: dict[Kind, frozenset[Role]] = {
    Kind.OUTCOMES: RETAILER_ROLES,
    Kind.QUESTIONS: RETAILER_ROLES,
    Kind.PRESERVATION: RETAILER_ROLES,
    Kind.ANSWERS: REVIEWING_ROLES,
    Kind.QUEUE: REVIEWING_ROLES,
}
REMINDERS = frozenset({Kind.PRESERVATION, Kind.QUEUE})  # made each morning: "at once" would say the same
USUAL: dict[Kind, Frequency] = {
    Kind.OUTCOMES: Frequency.DAILY,
    Kind.QUESTIONS: Frequency.AT_ONCE,
    Kind.PRESERVATION: Frequency.DAILY,
    Kind.ANSWERS: Frequency.DAILY,
    Kind.QUEUE: Frequency.DAILY,
}


def kinds_for(role: str) -> list[Kind]:
    """The subjects a role is told of."""
    return [kind for kind in Kind if role in TOLD_TO[kind]]


def choices_of(kind: Kind) -> list[Frequency]:
    """How often somebody may want to hear of this."""
    return [one for one in Frequency if one != Frequency.AT_ONCE or kind not in REMINDERS]
