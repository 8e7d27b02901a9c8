"""One step of a decision: a conditional update that must change exactly one row, or somebody was quicker."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import ExpressionWrapper
from django.db.models.functions import Now
from django.utils import timezone

from portal.reviews.models import Decision
from portal.reviews.states import DECISION_MOVES, DecisionState

LEASE = timedelta(minutes=30)
TAKEN = "Somebody else has just taken this offender. Choose the next one."


class Conflict(Exception):
    """Somebody else was quicker, or the review is no longer at this step. The message is for the officer."""


class Invalid(Exception):
    """Something is missing or contradicts itself; the message says what to put right."""


def lease_end() -> ExpressionWrapper:
    """When a review taken or worked on now goes back."""
    # The database's clock: web processes on several machines agree on when a lease ran out.
    return ExpressionWrapper(Now() + LEASE, output_field=models.DateTimeField())


def move(decision: Decision, to: DecisionState, **fields: Any) -> None:
    """Move a decision on; Conflict where it is not where the caller thinks, or may not go there."""
    origin = DecisionState(decision.state)
    if to not in DECISION_MOVES[origin]:
        raise Conflict("This offender is no longer at this step.")
    now = timezone.now()
    same = Decision.objects.filter(pk=decision.pk, state=origin, round=decision.round)
    moved = same.update(state=to, entered_at=now, **fields)
    if moved != 1:
        raise Conflict(TAKEN)
    decision.refresh_from_db()
