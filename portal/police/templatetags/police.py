"""{% load police %}: short references and dictionary look-ups of the police pages."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import template
from django.utils import timezone

from portal.accounts.roles import Role
from portal.accounts.templatetags.house import duration
from portal.police.priority import Part, band_of, parts_of
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.states import FEATURES, Finding, Verdict
from portal.submissions.clock import clock_error, really
from portal.submissions.models import Offender

register = template.Library()


@register.filter
def short(uid: UUID) -> str:
    """The beginning of an opaque id, for reading aloud: 3F2A-9C41."""
    digits = uid.hex.upper()
    return f"{digits[:4]}-{digits[4:8]}"


@register.inclusion_tag("police/_when.html")
def incident_time(offender: Offender) -> dict[str, Any]:
    """When the incident really was (its end, too, if that was said), and what the CCTV clock showed."""
    start, end, fast = offender.started_at, offender.ended_at, offender.clock_offset_minutes
    return {
        "really": really(start, fast) if start else None,
        "until": really(end, fast) if start and end else None,
        "shown": start,
        "error": clock_error(fast) if start else "",
    }


@register.filter
def at(mapping: Mapping[object, object], key: object) -> object:
    """The value under a key; empty where there is none."""
    return mapping.get(key, "")


@register.filter
def age(moment: datetime) -> str:
    """How long ago, in its two largest units."""
    return duration(timezone.now() - moment)


@register.filter
def verdict(value: str) -> str:
    """A judgement in words."""
    return str(Verdict(value).label) if value else "no judgement"


@register.filter
def role(value: str) -> str:
    """A role that was kept with a record, in words."""
    return str(Role(value).label).lower()


@register.filter
def compared(judgement: Judgement) -> list[tuple[str, str]]:
    """(feature, finding) in words, in the order of the list."""
    found = judgement.features
    return [(label, str(Finding(found[name]).label)) for name, label in FEATURES.items() if name in found]


@register.filter
def without_names(text: str, offender: Offender) -> str:
    """A report's words without the retailer's and the store's name: officers judge whoever reported it."""
    names = [offender.submission.retailer.name, offender.store.name if offender.store else ""]
    for name in filter(None, names):
        text = re.sub(re.escape(name), "[retailer]", text, flags=re.IGNORECASE)
    return text


CONTROL_NAMES = {
    "x": "moved sideways", "y": "moved up or down", "overlay": "laid over (1 swipe, 2 blink)",
    "frame": "whole frame of still", "probe": "still", "show": "candidate on the screen",
    "judged": "judgement chosen",
}  # fmt: skip


@register.filter
def control(name: str) -> str:
    """A control of the view in words."""
    return CONTROL_NAMES.get(name, name)


@register.filter
def edit_value(edit: Mapping[str, Any]) -> str:
    """The value of a change of the view: a number as short as it is, a judgement in words."""
    if edit["control"] == "judged":
        return str(list(Verdict)[int(edit["value"]) - 1].label)
    return f"{edit['value']:g}"


WHY = {"no_face": "no face was found"}


@register.filter
def why(error: str) -> str:
    """Why a still was not searched, in words."""
    return WHY.get(error, error) or "not searched"


@register.filter
def viewed(review: Review) -> int:
    """How many candidates were on the officer's screen, by the clock of the page."""
    return sum(one.seconds_viewed > 0 for one in review.judgements.all())


@register.filter
def priority_parts(decision: Decision) -> list[Part]:
    """Why a row of the queue stands where it stands."""
    return parts_of(decision)


@register.filter
def points(parts: list[Part]) -> int:
    """Their sum."""
    return sum(part.points for part in parts)


@register.filter
def band(priority: int) -> str:
    """The band of a sum of points."""
    return band_of(priority)
