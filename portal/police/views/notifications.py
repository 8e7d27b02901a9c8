"""Which e-mails a person gets, and how often."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.accounts.access import SignedInRequest, for_roles
from portal.accounts.roles import REVIEWING_ROLES
from portal.notifications.actions import choose
from portal.notifications.forms import WishesForm
from portal.notifications.queries import undelivered


@for_roles(*sorted(REVIEWING_ROLES))
@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: SignedInRequest) -> HttpResponse:
    """Choose what is mailed; every digest links here."""
    form = WishesForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        choose(request.user, form.wishes())
        messages.success(request, "Saved.")
        return redirect("police:notifications")
    context = {"form": form, "undelivered": undelivered(request.user).first()}
    return render(request, "police/notifications.html", context)
