"""A finished review as its reviewer saw it: order, view, times, versions. Read only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import REVIEWING_ROLES, Role
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.gallery.queries import searchable_images
from portal.police.views.reviews import Probe, probes_of
from portal.reviews.models import Judgement, Review
from portal.reviews.queries import readable_records
from portal.reviews.states import ReviewState
from portal.submissions.models import Still


@dataclass(frozen=True)
class Shown:
    """A candidate at its place, and whether its picture may still be shown."""

    judgement: Judgement
    held: bool


@never_cache
@require_GET
@for_roles(*sorted(REVIEWING_ROLES), Role.AUDITOR)
def review_replay(request: SignedInRequest, review_uid: UUID) -> HttpResponse:
    """Play or step through a finished review; open to whoever may read the decision's record."""
    found = Review.objects.filter(
        state=ReviewState.COMPLETE, decision__in=readable_records(request.user)
    ).select_related("decision__offender", "reviewer")
    seen = get_object_or_404(found, uid=review_uid)
    context = {
        "review": seen,
        "probes": _probes_held(seen),
        "pairs": _pairs(seen),
        "events": timeline(seen.view_edits),
        "searches": seen.searches.order_by("pk"),
    }
    response = render(request, "police/review_replay.html", context)
    record(Tag.REVIEW_REPLAYED, actor=request.user, subject=seen)
    return response


def _probes_held(seen: Review) -> list[Probe]:
    """Those whose still was not erased since; their numbers are those of the review."""
    wanted = [probe["still"] for probe in seen.probes]
    held = {str(uid) for uid in Still.objects.filter(uid__in=wanted).values_list("uid", flat=True)}
    return [one for one in probes_of(seen) if wanted[one.number - 1] in held]


def _pairs(seen: Review) -> list[Shown]:
    rows = list(seen.judgements.select_related("candidate"))
    images = [one.candidate.image_id for one in rows if one.candidate and one.candidate.image_id]
    held = set(searchable_images().filter(pk__in=images).values_list("pk", flat=True))
    return [Shown(one, one.candidate is not None and one.candidate.image_id in held) for one in rows]


def timeline(edits: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The edits with `at`, milliseconds from the beginning: every sitting began its own clock anew."""
    events: list[dict[str, Any]] = []
    before = offset = 0
    for edit in edits:
        if edit["ms"] < before:
            offset += before
        before = edit["ms"]
        events.append({**edit, "at": offset + edit["ms"]})
    return events
