"""The audit log's pages. Reading the log is itself in the log."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.audit.chain import digest_of
from portal.audit.log import record
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.oversight.audit_log import Part, chain_status, check_chain, names_of, narrowed, part_of
from portal.oversight.forms import AuditFilter
from portal.oversight.scope import entries_for

for_overseers = for_roles(Role.AUDITOR, Role.ADMINISTRATOR)
LOG = ("audit.entry", "log")


def _shown(part: Part) -> list[tuple[Entry, str]]:
    names = names_of(part.entries)
    return [(entry, names.get(entry.actor_id or 0, entry.actor)) for entry in part.entries]


def _query(request: SignedInRequest) -> str:
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    return kept.urlencode()


def _part(request: SignedInRequest, narrow: AuditFilter) -> Part:
    entries = entries_for(request.user)
    if narrow.is_valid():
        entries = narrowed(entries, narrow.cleaned_data)
    return part_of(entries, before=request.GET.get("before"), after=request.GET.get("after"))


@for_overseers
@require_safe
def audit(request: SignedInRequest) -> HttpResponse:
    """The log, newest first, and whether its chain holds."""
    narrow = AuditFilter(request.GET)
    part = _part(request, narrow)
    asked = {name: str(value) for name, value in narrow.cleaned_data.items() if value}
    record(Tag.AUDIT_VIEWED, actor=request.user, subject=LOG, shown=part.span, filter=asked)
    context = {"form": narrow, "part": part, "rows": _shown(part), "query": _query(request)}
    return render(request, "oversight/audit.html", {**context, "chain": chain_status()})


@for_overseers
@require_POST
def audit_verify(request: SignedInRequest) -> HttpResponse:
    """Verify the whole chain now."""
    status = check_chain()
    record(Tag.AUDIT_VIEWED, actor=request.user, subject=LOG, verified=status.verified)
    if status.broken_at is None:
        messages.success(request, f"All {status.verified:,} entries hold.")
    else:
        messages.error(request, f"The chain breaks at entry {status.broken_at}: it {status.why}.")
    return redirect("oversight:audit")


@for_overseers
@require_safe
def audit_entry(request: SignedInRequest, number: int) -> HttpResponse:
    """One entry with everything it says, and whether it still is what was written."""
    entry = get_object_or_404(entries_for(request.user), number=number)
    record(Tag.AUDIT_VIEWED, actor=request.user, subject=("audit.entry", number))
    name = names_of([entry]).get(entry.actor_id or 0, "")
    context = {"entry": entry, "name": name, "holds": digest_of(entry) == entry.digest}
    return render(request, "oversight/audit_entry.html", context)


@for_overseers
@require_safe
def subject(request: SignedInRequest, kind: str, identifier: str) -> HttpResponse:
    """Everything that happened to one thing, newest first."""
    history = entries_for(request.user).filter(subject_type=kind, subject_id=identifier)
    part = part_of(history, before=request.GET.get("before"), after=request.GET.get("after"))
    record(Tag.AUDIT_VIEWED, actor=request.user, subject=(kind, identifier), shown=part.span)
    context = {"kind": kind, "identifier": identifier, "part": part, "rows": _shown(part), "query": ""}
    return render(request, "oversight/subject.html", context)
