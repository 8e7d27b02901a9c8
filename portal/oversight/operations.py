"""The operator's pages: what waits, who works, what was set aside, and sending it round again."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.assurance.rates import drifts_in
from portal.audit import ownership
from portal.notifications.actions import send_again
from portal.oversight import state
from portal.oversight.scope import mails_for, refused_uploads_for
from portal.oversight.state import KINDS, Kind

PAGE_SIZE = 25
FIRST = 5  # of each kind of quarantined rows on the first page
for_operators = for_roles(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR)
for_menders = for_roles(Role.ADMINISTRATOR, Role.SUPERVISOR)


def _kind(slug: str) -> Kind:
    if slug not in KINDS:
        raise Http404
    return KINDS[slug]


def _may_mend(request: SignedInRequest) -> bool:
    return request.user.role != Role.AUDITOR  # who reads everything and changes nothing


def _live(request: SignedInRequest) -> dict[str, Any]:
    return {
        "now": timezone.now(),
        "queues": state.queues(request.user),
        "workers": state.workers(),
        "weights_fault": state.weights_fault(),
        "version_fault": state.version_fault(),
        "log_powers": ownership.powers(),
        "one_role": settings.EMBEDDED,
        "disks": list(state.disks()),
        "post": state.post(request.user),
        "verified": state.verified(),
    }


@for_operators
@require_safe
def operations(request: SignedInRequest) -> HttpResponse:
    """Everything an operator needs on one page."""
    aside = [(kind, state.quarantined(kind, request.user)[:FIRST]) for kind in KINDS.values()]
    more = {
        "aside": aside,
        "refusals": state.refusals(request.user),
        "failed_mails": state.failed_mails(request.user)[:PAGE_SIZE],
        "may_mend": _may_mend(request),
    }
    if request.user.role != Role.ADMINISTRATOR:  # who errs how often is for supervisors and auditors
        more["drifts"] = drifts_in(request.user.organisation)
    return render(request, "oversight/operations.html", {**_live(request), **more})


@for_operators
@require_safe
def operations_live(request: SignedInRequest) -> HttpResponse:
    """The part of the page that refreshes itself."""
    return render(request, "oversight/_operations_live.html", _live(request))


@for_operators
@require_safe
def quarantined(request: SignedInRequest, kind: str) -> HttpResponse:
    """All rows of a kind that were set aside, with their reasons."""
    known = _kind(kind)
    rows = state.quarantined(known, request.user)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"kind": known, "page": page, "may_mend": _may_mend(request)}
    return render(request, "oversight/quarantined.html", context)


@for_menders
@require_POST
def work_retry(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """Send one quarantined row round again, with fresh attempts."""
    known = _kind(kind)
    row = get_object_or_404(known.rows(request.user), pk=pk)
    if state.send_again(known, row.pk, by=request.user):
        messages.success(request, "It is on its way again.")
    else:
        messages.info(request, "It was already sent round again.")
    return redirect("oversight:operations")


@for_menders
@require_POST
def work_retry_all(request: SignedInRequest, kind: str) -> HttpResponse:
    """Send every quarantined row of a kind round again, for example once the weights are back."""
    known = _kind(kind)
    found = list(state.quarantined(known, request.user).values_list("pk", flat=True))
    sent = sum(state.send_again(known, pk, by=request.user) for pk in found)
    messages.success(request, f"{sent} on their way again.")
    return redirect("oversight:operations")


@for_menders
@require_POST
def mail_retry(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """Send one message that failed once more."""
    mail = get_object_or_404(mails_for(request.user), uid=uid)
    if send_again(mail, by=request.user):
        messages.success(request, "The message is on its way again.")
    else:
        messages.info(request, "It was already sent round again.")
    return redirect("oversight:operations")


@for_operators
@require_safe
def refused(request: SignedInRequest) -> HttpResponse:
    """Files that were not taken, and why; narrowed by code."""
    found, code = refused_uploads_for(request.user), request.GET.get("code", "")
    codes = state.refusals(request.user)
    if code in {known for known, _ in codes}:
        found = found.filter(code=code)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "oversight/refused.html", {"page": page, "codes": codes, "code": code})
