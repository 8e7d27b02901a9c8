"""What the bench's script reports of the view: controls and the values they can have."""

import math
from collections.abc import Mapping
from typing import Any

from portal.reviews.states import LIST_LENGTHS

CONTROLS = {
    "zoom": (1.0, 8.0),
    "x": (-250.0, 250.0),  # a shift, in percent of the picture's width
    "y": (-250.0, 250.0),  # of its height
    "brightness": (20.0, 300.0),
    "contrast": (20.0, 300.0),
    "flip": (0.0, 1.0),
    "invert": (0.0, 1.0),
    "grid": (0.0, 1.0),
    "overlay": (0.0, 2.0),  # 1 swipe, 2 blink
    "swipe": (0.0, 100.0),  # where the line is, in percent of the width
    "blink": (0.0, 1.0),
    "frame": (0.0, 10.0),  # the whole frame of this still; 0: its face again
    "probe": (1.0, 10.0),  # this still
    "show": (1.0, float(LIST_LENGTHS[-1])),  # this candidate
    "judged": (1.0, 3.0),  # possible match, not this person, cannot tell
    "reset": (0.0, 1.0),
}
MAX_AT_ONCE = 200


def read_edits(sent: Any) -> list[dict[str, Any]]:
    """The edits of one message; ValueError, TypeError or KeyError where they cannot be."""
    if not isinstance(sent, list) or len(sent) > MAX_AT_ONCE:
        raise ValueError("not a short list")
    return [_read_edit(one) for one in sent]


def _read_edit(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Control, value, candidate's place (0: none) and milliseconds since the page opened; else ValueError."""
    control, value = sent["control"], float(sent["value"])
    low, high = CONTROLS[control]
    place, moment = int(sent["candidate"]), float(sent["ms"])
    if not (low <= value <= high and 0 <= place <= 200 and math.isfinite(moment) and moment >= 0):
        raise ValueError("outside what the controls can do")
    return {"control": control, "value": round(value, 2), "candidate": place, "ms": round(moment)}
