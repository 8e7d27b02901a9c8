"""Where everybody starts, one's own account, and the health check."""

from typing import cast

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.account.models import Login
from django.contrib.auth import logout
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from portal.accounts.access import SignedInRequest, for_anyone, for_signed_in
from portal.accounts.actions import InvitationError, accept_invitation, open_invitation
from portal.accounts.forms import AcceptForm
from portal.accounts.roles import Role

START = {
    Role.LOSS_PREVENTION: "retailer:dashboard",
    Role.RETAILER_MANAGER: "retailer:dashboard",
    Role.AUDITOR: "oversight:audit",
    Role.ADMINISTRATOR: "oversight:operations",
    Role.GALLERY_MANAGER: "police:gallery",
}


@for_signed_in
def home(request: SignedInRequest) -> HttpResponse:
    """Send each role to its own first page."""
    return redirect(START.get(Role(request.user.role), "police:queue"))


@for_anyone
def health(request: HttpRequest) -> JsonResponse:
    """Whether the web process can reach its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@for_signed_in
def profile(request: SignedInRequest) -> HttpResponse:
    """What the service knows of the reader, and where to change password and second factor."""
    return render(request, "accounts/profile.html")


@for_anyone
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """The mailed link: choose a password, and be logged in."""
    try:
        invitation = open_invitation(token)
        form = AcceptForm(request.POST or None, invitation=invitation)
        if request.method == "POST" and form.is_valid():
            user = accept_invitation(invitation, form.cleaned_data["password"])
            logout(request)  # whoever was logged in here is not the invited person
            response = perform_password_login(request, {"email": user.email}, Login(user=user))
            reauthenticate_by_password(request)  # police go on to the second factor without typing it again
            return cast("HttpResponse", response)
    except InvitationError as error:
        return render(request, "accounts/invitation_refused.html", {"error": error}, status=410)
    return render(request, "accounts/invitation_accept.html", {"form": form, "invitation": invitation})
