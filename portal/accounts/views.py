"""Where everybody starts, and the health check."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from portal.accounts.access import SignedInRequest, for_anyone, for_signed_in
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
