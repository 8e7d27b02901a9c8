"""Packages: asking for one, watching it being made, handing it out as a recorded disclosure."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from portal import storage
from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.cases.actions import Conflict, Invalid
from portal.cases.actions.packages import hand_out, request_package
from portal.cases.models import Package
from portal.cases.packages.archive import fingerprint, signing_key
from portal.cases.queries import cases_for, packages_for
from portal.cases.states import MAY_EDIT, PackageKind
from portal.police.case_forms import HandOutForm, PackageForm
from portal.work import WorkState

editing = for_roles(*sorted(MAY_EDIT))


@never_cache
@require_http_methods(["GET", "POST"])
@editing
def package_make(request: SignedInRequest, case_uid: UUID) -> HttpResponse:
    """Choose the kind and say what it is for; a worker makes it."""
    case = get_object_or_404(cases_for(request.user), uid=case_uid)
    form = PackageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        try:
            package = request_package(case, PackageKind(entered["kind"]), entered["purpose"], by=request.user)
        except (Conflict, Invalid) as error:
            form.add_error(None, str(error))
        else:
            return redirect("police:package", package.uid)
    status = 422 if form.errors else 200
    return render(request, "police/package_make.html", {"case": case, "form": form}, status=status)


def _package(request: SignedInRequest, package_uid: UUID) -> Package:
    found = packages_for(request.user).select_related("case", "requested_by")
    return get_object_or_404(found, uid=package_uid)


@never_cache
@require_GET
@for_roles(*sorted(MAY_EDIT), Role.AUDITOR)
def package(request: SignedInRequest, package_uid: UUID) -> HttpResponse:
    """How far it is, what is in it, and how to check it; the part that changes is polled."""
    one = _package(request, package_uid)
    context = {
        "package": one,
        "waiting": one.work_state in (WorkState.QUEUED, WorkState.RUNNING),
        "fingerprint": fingerprint(signing_key().public_key()),
        "may_hand_out": one.is_ready and request.user.role in MAY_EDIT,
    }
    template = "police/_package.html" if request.headers.get("X-Poll") else "police/package.html"
    return render(request, template, context)


@never_cache
@require_http_methods(["GET", "POST"])
@editing
def package_download(request: SignedInRequest, package_uid: UUID) -> HttpResponseBase:
    """To whom and why first; then the archive, once the disclosure is in the log."""
    one = _package(request, package_uid)
    form = HandOutForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        try:
            hand_out(one, recipient=entered["recipient"], reason=entered["reason"], by=request.user)
        except (Conflict, Invalid) as error:
            messages.error(request, str(error))
            return redirect("police:package", one.uid)
        return _archive(one)
    status = 422 if form.errors else 200
    return render(request, "police/package_download.html", {"package": one, "form": form}, status=status)


def _archive(one: Package) -> FileResponse:
    name = f"case-{one.case.number}-{one.kind}-{str(one.uid)[:8]}.zip"
    file = storage.packages().open(one.key)
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
