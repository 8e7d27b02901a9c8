"""Rules that hold for a whole session: idle time-out, and the second factor for police roles."""

import time
from collections.abc import Callable
from typing import cast

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.accounts.models import User

Handler = Callable[[HttpRequest], HttpResponse]
SEEN = "seen_at"
SEEN_STEP_SECONDS = 60  # the session is written at most once a minute


class SessionRules:
    """Ends a session that was idle too long. A page that polls by itself does not count as a person."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Check, note, pass on."""
        if request.user.is_authenticated:
            now, seen = int(time.time()), request.session.get(SEEN)
            if seen is not None and now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif not request.headers.get("X-Poll") and (seen is None or now - seen > SEEN_STEP_SECONDS):
                request.session[SEEN] = now
        return self.get_response(request)


class MfaRequired:
    """Police roles see nothing until they have a second factor; allauth asks for it at log-in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send a police user without a second factor to set one up."""
        if request.user.is_authenticated and self._must_enrol(request):
            return redirect("mfa_activate_totp")
        return self.get_response(request)

    @staticmethod
    def _must_enrol(request: HttpRequest) -> bool:
        user = cast("User", request.user)
        allowed = (reverse("mfa_index"), reverse("account_logout"), reverse("account_reauthenticate"))
        exempt = request.path.startswith((*allowed, settings.STATIC_URL))
        return user.is_police and not exempt and not is_mfa_enabled(user)
