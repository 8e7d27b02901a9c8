"""{% load assurance %}: what became known of a decision, for its record."""

from typing import Any

from django import template
from django.template.context import Context

from portal.accounts.roles import Role
from portal.assurance.queries import check_of
from portal.reviews.models import Decision
from portal.reviews.states import DecisionState, Outcome

register = template.Library()


@register.inclusion_tag("police/_later_truth.html", takes_context=True)
def later_truth(context: Context, decision: Decision) -> dict[str, Any]:
    """Later truth of a decided decision; of a check, that it was one."""
    decided = decision.state == DecisionState.DECIDED
    check = check_of(decision) if decided else None
    may_add = decided and decision.outcome == Outcome.IDENTIFIED and check is None
    return {
        "decision": decision,
        "check": check,
        "truths": decision.later_truths.select_related("recorded_by"),
        "may_add": may_add and context["user"].role == Role.SUPERVISOR,
    }
