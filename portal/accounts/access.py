"""Who may open what: every view declares its audience, and a test walks them all.

Somebody else's object is 404, the right object with the wrong role is 403.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from portal.accounts.models import User
from portal.accounts.roles import EVERYONE, POLICE_ROLES, RETAILER_ROLES, Role

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Audience:
    """The roles that may call a view; `anonymous` adds everybody else."""

    roles: frozenset[Role]
    anonymous: bool = False


class SignedInRequest(HttpRequest):
    """A request that a decorator of this module has let through: its user is one of ours."""

    user: User


def _require(audience: Audience) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not audience.anonymous:
                if not request.user.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                if Role(request.user.role) not in audience.roles:
                    raise PermissionDenied("This page is for another role.")
            return view(request, *args, **kwargs)

        guarded.audience = audience  # type: ignore[attr-defined]
        return guarded

    return decorate


def for_anyone(view: View) -> View:
    """Open without logging in."""
    return _require(Audience(EVERYONE, anonymous=True))(view)


def for_signed_in(view: View) -> View:
    """Every role, once logged in."""
    return _require(Audience(EVERYONE))(view)


def for_roles(*roles: Role) -> Callable[[View], View]:
    """These roles only."""
    return _require(Audience(frozenset(roles)))


def for_retailers(view: View) -> View:
    """Both roles of the retailer side."""
    return _require(Audience(RETAILER_ROLES))(view)


def for_police(view: View) -> View:
    """Every role of the police side, the auditor included: for reading."""
    return _require(Audience(POLICE_ROLES))(view)
