"""{% load retailer %}: what only the retailer's pages need."""

from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse

from portal.retailer.steps import steps_with
from portal.submissions.guesses import FREE_TEXTS, Guess
from portal.submissions.models import Offender, Still
from portal.submissions.reports import Lack

register = template.Library()
LABEL_SHARE = 30  # a number beside a face is this share of the picture's longer side


@register.simple_tag(takes_context=True)
def poll_query(context: Context, seen: str) -> str:
    """The page's own query string with what the reader has seen, for its next poll."""
    query = context["request"].GET.copy()
    query["seen"] = seen
    return query.urlencode()


@register.filter
def without_statute(offence: str) -> str:
    """An offence's name without its section, for lists."""
    return offence.partition(" (")[0]


@register.simple_tag
def label_size(still: Still) -> int:
    """Font size of the numbers beside faces, in pixels of the picture."""
    return max(12, max(still.width, still.height) // LABEL_SHARE)


@register.inclusion_tag("retailer/_guesses.html")
def guess_note(name: str, guesses: Any) -> dict[str, Any]:
    """The question below a free text that may hold a name; an empty place for it where there is none."""
    found: list[Guess] = guesses.get(name, []) if isinstance(guesses, dict) else []
    return {"name": name, "guesses": found, "asked": name in FREE_TEXTS}


@register.simple_tag
def step_url(offender: Offender, name: str) -> str:
    """The step that this field of a report stands on."""
    step = next(steps_with({name}))
    return reverse("retailer:offender-step", args=[offender.uid, step.slug]) + f"#id_{name}"


@register.simple_tag
def lack_url(offender: Offender, lack: Lack) -> str:
    """Where what a report lacks can be added."""
    if lack.name == "stills":
        return reverse("retailer:still-add", args=[offender.uid])
    if lack.name == "place":
        return reverse("retailer:submission", args=[offender.submission.campaign.uid])
    return step_url(offender, lack.name)
