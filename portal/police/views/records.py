"""The record of a decision: everything it rests on, read-only."""

from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.police.strength import supports_of
from portal.questions.queries import questions_of
from portal.reviews.actions import blind_digest
from portal.reviews.models import Decision, Judgement, Review
from portal.reviews.queries import readable_records
from portal.reviews.states import ReviewState
from portal.reviews.status import TOLD
from portal.searches.models import Search


@never_cache
@require_GET
@for_roles(*sorted(REVIEWING_ROLES), Role.AUDITOR)
def decision_record(request: SignedInRequest, decision_uid: UUID) -> HttpResponse:
    """Grounds, probes, searches, every review with its order and judgements, the end."""
    found = readable_records(request.user).select_related(
        "offender__submission__campaign",
        "offender__submission__retailer",
        "offender__store",
        "candidate__subject",
        "candidate__search",
        "candidate__image",
    )
    decision = get_object_or_404(found, uid=decision_uid)
    reviews = _reviews(decision)
    context = {
        "decision": decision,
        "offender": decision.offender,
        "reviews": [(one, _unchanged(one)) for one in reviews],
        "shown": reviews[0] if reviews else None,
        "searches": Search.objects.filter(still__offender=decision.offender).order_by("pk"),
        "questions": questions_of(request.user).filter(offender=decision.offender),
        "told": TOLD.get(decision.outcome),
        "supports": {
            pk: said for one in reviews for pk, said in supports_of(one, one.judgements.all()).items()
        },
    }
    response = render(request, "police/decision_record.html", context)
    record(Tag.DECISION_VIEWED, actor=request.user, subject=decision)
    return response


def _reviews(decision: Decision) -> list[Review]:
    judgements = Judgement.objects.select_related(
        "candidate__subject", "candidate__search", "candidate__image"
    )
    return list(
        decision.reviews.select_related("reviewer", "candidate__subject")
        .prefetch_related(Prefetch("judgements", judgements), "searches")
        .order_by("pk")
    )


def _unchanged(review: Review) -> bool | None:
    """Whether the blind judgements are still those that were saved; None where none were saved."""
    if not review.blind_sha256 or review.state == ReviewState.BLIND:
        return None
    return blind_digest(review) == review.blind_sha256
