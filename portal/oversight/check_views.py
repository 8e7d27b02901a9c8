"""How often known-answer checks enter the queue: set by the force's administrator, who reviews nothing."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import Role
from portal.assurance.actions import NotRecorded, set_rate
from portal.assurance.queries import own_rate_of, rate_of, ready_checks
from portal.oversight.forms import CheckRateForm


@for_roles(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def check_rate(request: SignedInRequest) -> HttpResponse:
    """The rate in force, the pool, and another rate; the change is in the log."""
    force = request.user.organisation
    own = own_rate_of(force)
    form = CheckRateForm(request.POST or None, initial={"percent": own}, usual=settings.CHECK_RATE_PERCENT)
    if request.method == "POST" and form.is_valid() and _was_set(request, form):
        messages.success(request, f"From now on {rate_of(force):g} in a hundred are checks.")
        return redirect("oversight:check-rate")
    context = {"form": form, "rate": rate_of(force), "own": own, "pool": ready_checks(force).count()}
    return render(request, "oversight/check_rate.html", context, status=422 if form.errors else 200)


def _was_set(request: SignedInRequest, form: CheckRateForm) -> bool:
    try:
        set_rate(request.user.organisation, form.cleaned_data["percent"], by=request.user)
    except NotRecorded as error:
        form.add_error("percent", str(error))
        return False
    return True
