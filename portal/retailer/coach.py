"""What the sender of a still is told within seconds: what was found, and one thing that would help."""

from dataclasses import dataclass

from portal.retailer.advice import NOT_MEASURED, advise
from portal.retailer.progress import BUSY, still_status
from portal.searches.strength import Chances
from portal.submissions.models import Offender, Still
from portal.work import WorkState

NO_FACE = "No face was found."
DRAW = "Draw a box around the face, or send a frame in which it is larger and turned to the camera."
HELD_UP = "Checking this still failed on our side. An operator knows."


@dataclass(frozen=True)
class Coached:
    """State of a still in words, what was found, what would help. `poor`: it will hardly be of use."""

    code: str
    label: str
    summary: str = ""
    action: str = ""
    tone: str = "neutral"
    chance: str = ""
    poor: bool = False
    settled: bool = True


def coach(still: Still, chances: Chances = NOT_MEASURED, *, declared: bool = False) -> Coached:
    """What to say of one still; its chosen face must be loaded."""
    code, label = still_status(still, declared=declared)
    if still.work_state in BUSY:
        return Coached(code, label, settled=False)
    if still.work_state == WorkState.REFUSED:
        return Coached(code, label, NO_FACE, DRAW, "bad", poor=True)
    if still.chosen_face is None:
        return Coached(code, label, HELD_UP)
    advice = advise(still.chosen_face.quality, chances)
    poor = advice.tone == "bad"
    return Coached(code, label, advice.summary, advice.action, advice.tone, advice.chance, poor)


def best_still(offender: Offender) -> Still | None:
    """The still that stands for an offender: the one with the best face, or else the first."""
    stills = list(offender.stills.all())
    return max(stills, key=_worth, default=None)


def _worth(still: Still) -> tuple[float, int]:
    quality = still.chosen_face.quality.get("unified_score", 0.0) if still.chosen_face else -1.0
    return float(quality), -still.pk


def is_asked_about(still: Still) -> bool:
    """Whether somebody should still be asked if this is to be sent."""
    return still.sent_anyway_at is None and coach(still).poor
