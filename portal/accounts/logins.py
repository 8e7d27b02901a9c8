"""Log-ins in the audit log. Django tells of them by signal only, so this is the one place that listens."""

from typing import Any, cast

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from portal.accounts.models import User
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag


def subscribe() -> None:
    """Connect the three receivers once."""
    user_logged_in.connect(_logged_in, dispatch_uid="audit_logged_in")
    user_logged_out.connect(_logged_out, dispatch_uid="audit_logged_out")
    user_login_failed.connect(_refused, dispatch_uid="audit_login_failed")


def _address(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR", "")) if request else ""


def _logged_in(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    record(Tag.LOGGED_IN, actor=cast("User", user), subject=user, address=_address(request))


def _logged_out(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    if user is not None:
        record(Tag.LOGGED_OUT, actor=cast("User", user), subject=user)


def _refused(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    email = str(credentials.get("email") or credentials.get("username") or "")
    known = User.objects.filter(email__iexact=email).values_list("uid", flat=True).first()
    record(
        Tag.LOGIN_FAILED,
        actor=SystemActor("login"),
        subject=("accounts.user", known or "unknown"),
        address=_address(request),
    )
