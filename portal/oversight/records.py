"""Lists of decisions and searches, and the record of one search."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from matching.errors import IndexFault
from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.oversight.forms import DecisionFilter, SearchFilter
from portal.oversight.scope import decisions_for, searches_for
from portal.oversight.spans import within
from portal.paging import LookAhead
from portal.searches.models import Search
from portal.searches.replay import Replay, replay
from portal.vault import VaultError

PAGE_SIZE = 25
for_readers = for_roles(Role.AUDITOR, Role.SUPERVISOR)


@for_readers
@require_safe
def decisions(request: SignedInRequest) -> HttpResponse:
    """Every decision of the force, the one that changed last first."""
    narrow = DecisionFilter(request.GET, viewer=request.user)
    found = decisions_for(request.user).order_by("-entered_at", "-pk")
    if narrow.is_valid():
        given = narrow.cleaned_data
        found = found.filter(**{name: given[name] for name in ("state", "outcome") if given[name]})
        if retailer := given["retailer"]:
            found = found.filter(offender__submission__retailer=retailer)
    page = LookAhead(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "oversight/decisions.html", {"form": narrow, "page": page})


@for_readers
@require_safe
def searches(request: SignedInRequest) -> HttpResponse:
    """Every search of the force, newest first."""
    narrow = SearchFilter(request.GET)
    found = searches_for(request.user).order_by("-pk")
    if narrow.is_valid():
        given = narrow.cleaned_data
        found = found.filter(**within("at", given["begin"], given["end"]))
        if given["probe"]:
            found = found.filter(probe_sha256__startswith=given["probe"])
    page = LookAhead(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "oversight/searches.html", {"form": narrow, "page": page})


def _record_page(request: SignedInRequest, found: Search, replayed: Replay | None = None) -> HttpResponse:
    context = {"search": found, "candidates": found.candidates.all(), "replay": replayed}
    return render(request, "oversight/search.html", context)


@for_readers
@require_safe
def search(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """What was asked of which gallery, and the exact answer; opening it is consultation of the list."""
    found = get_object_or_404(searches_for(request.user), uid=uid)
    record(Tag.CANDIDATES_VIEWED, actor=request.user, subject=found, where="oversight")
    return _record_page(request, found)


@for_readers
@require_POST
def search_replay(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Ask the same question again and compare the answers to the last bit."""
    found = get_object_or_404(searches_for(request.user), uid=uid)
    try:
        replayed = replay(found, by=request.user)
    except (IndexFault, VaultError) as error:
        messages.error(request, f"The search cannot be replayed: {error}")
        return redirect("oversight:search", uid=found.uid)
    return _record_page(request, found, replayed)
