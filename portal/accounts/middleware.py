"""Rules that hold for a whole session: time-outs, and the second factor for police roles."""

import time
from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

Handler = Callable[[HttpRequest], HttpResponse]
BEGAN = "began_at"
SEEN = "seen_at"
SEEN_STEP_SECONDS = 60  # the session is written at most once a minute
# All that somebody of the police side can reach before there is a second factor. Exact routes, not prefixes.
BEFORE_ENROLMENT = frozenset(
    {"mfa_activate_totp", "account_reauthenticate", "account_logout", "accounts:invitation-accept", "health"}
)


class SessionRules:
    """Ends a session that was idle too long, or is as old as it may get (SESSION_HOURS), in use or not.

    A page that polls by itself (X-Poll) does not count as a person. No browser keeps what somebody signed in
    was sent: going back shows a page, or where it leads, as it is now, and after logging out nothing.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Check, note, pass on."""
        if request.user.is_authenticated:
            now = int(time.time())
            if self._over(request, now):
                logout(request)
                messages.info(request, "You were logged out for safety. Log in again to go on.")
            else:
                self._note(request, now)
            response = self.get_response(request)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response
        return self.get_response(request)

    @staticmethod
    def _over(request: HttpRequest, now: int) -> bool:
        began, seen = request.session.get(BEGAN, now), request.session.get(SEEN, now)
        return now - seen > settings.SESSION_IDLE_SECONDS or now - began > settings.SESSION_COOKIE_AGE

    @staticmethod
    def _note(request: HttpRequest, now: int) -> None:
        seen = request.session.get(SEEN)
        if BEGAN not in request.session:
            request.session[BEGAN] = now
        if seen is None or (now - seen > SEEN_STEP_SECONDS and not request.headers.get("X-Poll")):
            request.session[SEEN] = now


class MfaRequired:
    """Police roles see nothing until they have a second factor; allauth asks for it at log-in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; `process_view` decides, when the route is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Send a police user without a second factor to set one up."""
        route = request.resolver_match.view_name if request.resolver_match else ""
        if not request.user.is_authenticated or route in BEFORE_ENROLMENT:
            return None
        if request.user.is_police and not is_mfa_enabled(request.user, [Authenticator.Type.TOTP]):
            return redirect("mfa_activate_totp")
        return None
