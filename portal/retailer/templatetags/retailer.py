"""{% load retailer %}: what only the retailer's pages need."""

from django import template
from django.template.context import Context

from portal.submissions.models import Still

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
