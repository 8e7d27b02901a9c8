"""What a retailer may know of a decision: derived here, and nothing else of reviews is theirs to import."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome
from portal.searches.models import Search
from portal.submissions.models import Offender, Still
from portal.work import WorkState


@dataclass(frozen=True)
class Status:
    """One offender's status in the retailer's words. `code` is stable for the API."""

    code: str
    label: str
    explanation: str
    since: datetime | None
    searched_at: datetime | None = None
    decided_at: datetime | None = None


BUSY = {WorkState.QUEUED, WorkState.RUNNING}
TOLD: dict[str, tuple[str, str]] = {
    Outcome.IDENTIFIED: (
        "Identified (as intelligence)",
        "Independent reviews led to a line of enquiry. The police will ask you for evidence if they need it.",
    ),
    Outcome.NO_MATCH: (
        "No match in the gallery",
        "Nobody in the police's gallery was judged to be this person.",
    ),
    Outcome.INCONCLUSIVE: ("Inconclusive", "Officers could not tell. A clearer still may change that."),
    Outcome.UNSUITABLE_CIRCULATE: (
        "Not searchable, may be circulated",
        "The still is too poor to compare faces, but officers may recognise the person.",
    ),
    Outcome.UNSUITABLE: (
        "Not searchable",
        "The still is too poor to compare faces. Send a frame with the face larger and turned to the camera.",
    ),
    Outcome.REFER: ("With a facial examiner", "The stills were passed on to a forensic specialist."),
}


def statuses_of(offenders: Sequence[Offender]) -> dict[int, Status]:
    """Status by offender id, in three queries however many offenders there are."""
    ids = [offender.pk for offender in offenders]
    decisions = {d.offender_id: d for d in Decision.objects.filter(offender__in=ids)}
    works: dict[int, set[str]] = {pk: set() for pk in ids}
    for offender_id, state in Still.objects.filter(offender__in=ids).values_list("offender_id", "work_state"):
        works[offender_id].add(state)
    searched: dict[int, datetime] = {}
    rows = (
        Search.objects.filter(still__offender__in=ids, extends=None)
        .values_list("still__offender_id", "at")
        .order_by("at")
    )
    searched.update(rows)
    return {
        one.pk: _status(one, works[one.pk], searched.get(one.pk), decisions.get(one.pk)) for one in offenders
    }


def _status(
    offender: Offender, works: set[str], searched_at: datetime | None, decision: Decision | None
) -> Status:
    if decision and decision.state == DecisionState.DECIDED:
        label, explanation = TOLD[decision.outcome]
        at = decision.decided_at
        return Status(decision.outcome, label, explanation, at, searched_at, at)
    if (
        decision
        and decision.round > 1
        and decision.state == DecisionState.AWAITING_FIRST
        and not works & BUSY
    ):
        text = "There is something new to compare. Officers will look at this report again."
        return Status("looked_at_again", "Being looked at again", text, decision.entered_at, searched_at)
    if decision and decision.state != DecisionState.AWAITING_FIRST:
        text = "Officers are comparing the still with the candidates, independently of each other."
        return Status("with_officer", "With an officer", text, decision.entered_at, searched_at)
    return _before_review(offender, works, searched_at)


def _before_review(offender: Offender, works: set[str], searched_at: datetime | None) -> Status:
    if not works:
        return Status("needs_still", "Needs a still", "Add at least one still.", offender.created_at)
    if not offender.declared_at:
        return Status("draft", "Not sent yet", "Make the declaration to send it.", offender.created_at)
    if works & BUSY:
        return Status("checking", "Being checked", "The face is being looked for.", offender.declared_at)
    if works == {WorkState.QUARANTINED}:
        text = "Checking a still failed on our side. The operators know; you need not do anything."
        return Status("held_up", "Held up", text, offender.declared_at, searched_at)
    if searched_at is None:
        text = "No face was found. Draw a box around the face, or add a better still."
        return Status("no_face", "No face found", text, offender.declared_at)
    text = "Searched. Waiting for an officer to compare the faces."
    return Status("searched", "Searched", text, searched_at, searched_at)
