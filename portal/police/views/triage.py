"""Several offenders without a usable face, one outcome: each decided and logged by itself."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.police import desk
from portal.police.forms import TriageForm
from portal.reviews.actions import Conflict, Invalid
from portal.reviews.actions import triage as triage_one
from portal.reviews.models import Decision
from portal.reviews.states import Outcome

AT_ONCE = 50


@require_http_methods(["GET", "POST"])
@for_roles(Role.FACIAL_REVIEWER, Role.SECOND_REVIEWER)
def triage(request: SignedInRequest) -> HttpResponse:
    """Choose offenders and the outcome for all of them."""
    rows = list(
        desk.without_usable_face(desk.waiting_by_stage(request.user)).prefetch_related("offender__stills")[
            :AT_ONCE
        ]
    )
    form = TriageForm(request.POST or None, choices=[(str(row.uid), str(row.uid)) for row in rows])
    if request.method == "POST" and form.is_valid():
        chosen = [row for row in rows if str(row.uid) in form.cleaned_data["decisions"]]
        _decide(request, chosen, form.cleaned_data)
        return redirect("police:triage" if len(chosen) < len(rows) else "police:queue")
    chosen_uids = set(request.POST.getlist("decisions"))
    context = {"rows": rows, "form": form, "chosen": chosen_uids}
    return render(request, "police/triage.html", context, status=422 if form.errors else 200)


def _decide(request: SignedInRequest, chosen: list[Decision], entered: dict[str, Any]) -> None:
    done = 0
    for decision in chosen:
        try:
            triage_one(decision, Outcome(entered["outcome"]), entered["rationale"], by=request.user)
            done += 1
        except (Conflict, Invalid) as error:
            messages.error(request, f"{decision.uid.hex[:8].upper()}: {error}")
    if done:
        messages.success(request, f"Recorded for {done} of {len(chosen)}.")
