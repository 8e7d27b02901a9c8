"""What a webhook can be told about, and where a delivery stands."""

from datetime import timedelta

from django.db.models import TextChoices


class Event(TextChoices):
    """Types of messages, `object.what_happened`."""

    OFFENDER_SEARCHED = "offender.searched", "An offender was searched"
    OFFENDER_STATUS_CHANGED = "offender.status_changed", "The status of an offender changed"
    QUESTION_ASKED = "question.asked", "An officer asked for something"
    QUESTION_WITHDRAWN = "question.withdrawn", "An officer took a question back"
    STILL_REFUSED = "still.refused", "A file was refused"
    STILL_NO_FACE = "still.no_face", "No face was found in a still"


TEST = "webhook.test"


class DeliveryState(TextChoices):
    """Where a delivery stands."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"


# After the n-th failed attempt; each is varied by a fifth either way. Twenty-four hours in all: a receiver
# mended by the next day misses nothing (the spans that Standard Webhooks recommends, thinned out).
DELAYS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 7 * 3600, 9 * 3600)
)
JITTER = 0.2
MOST_ATTEMPTS = len(DELAYS) + 1
