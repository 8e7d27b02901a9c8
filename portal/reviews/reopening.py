"""Taking a decision back to the queue: a new round; the earlier one stays in the record."""

from django.db import transaction
from django.utils import timezone

from portal.audit.log import Actor, record
from portal.audit.tags import Tag
from portal.reviews.models import Decision, EarlierRound
from portal.reviews.moves import Conflict, Invalid, move
from portal.reviews.states import DecisionState, Outcome

ENDED = ("outcome", "first_reviewer", "second_reviewer", "adjudicator", "decided_at")


@transaction.atomic
def reopen_decision(decision: Decision, *, reason: str, by: Actor) -> Decision:
    """Send a decided offender who was not identified to the first reviewer again, in a new round.

    Conflict where it is not decided or somebody was identified; Invalid without a reason or a still.
    """
    if not reason.strip():
        raise Invalid("Say why the decision is reopened.")
    held = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)
    if held.state != DecisionState.DECIDED or held.outcome == Outcome.IDENTIFIED:
        raise Conflict("Only a decision that did not identify anybody can be reopened.")
    if not held.offender.stills.exists():
        raise Invalid("The stills of this offender are no longer held, so there is nothing to compare.")
    ended, number = {name: getattr(held, name) for name in ENDED}, held.round
    EarlierRound.objects.create(
        decision=held, number=number, reopened_by=by.audit_name, reason=reason.strip()[:500], **ended
    )
    _begin_round(held)
    record(Tag.DECISION_REOPENED, actor=by, subject=held, reason=reason, round=held.round)
    return held


def _begin_round(held: Decision) -> None:
    move(
        held,
        DecisionState.AWAITING_FIRST,
        round=held.round + 1,
        reopened_at=timezone.now(),
        outcome="",
        first_reviewer=None,
        second_reviewer=None,
        adjudicator=None,
        candidate=None,
        subject_uid=None,
        decided_at=None,
    )
