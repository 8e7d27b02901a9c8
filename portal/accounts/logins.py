"""Log-ins and changed credentials in the audit log.

Django and allauth tell of them by signal only, so this is the one place that listens.
"""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from portal.accounts.models import User
from portal.audit.log import SystemActor, record
from portal.audit.tags import Tag

CREDENTIALS = {
    password_changed: "password_changed",
    password_reset: "password_reset",
    authenticator_added: "second_factor_added",
    authenticator_removed: "second_factor_removed",
    authenticator_reset: "recovery_codes_renewed",
}


def subscribe() -> None:
    """Connect the receivers once."""
    user_logged_in.connect(_logged_in, dispatch_uid="audit_logged_in")
    user_logged_out.connect(_logged_out, dispatch_uid="audit_logged_out")
    user_login_failed.connect(_refused, dispatch_uid="audit_login_failed")
    for signal, change in CREDENTIALS.items():
        signal.connect(_credential_changed, dispatch_uid=f"audit_{change}")


def _address(request: HttpRequest | None) -> str:
    return get_adapter().get_client_ip(request) if request else ""


def _credential_changed(sender: Any, request: HttpRequest, user: Any, signal: Any, **kwargs: Any) -> None:
    record(
        Tag.USER_CHANGED,
        actor=cast("User", user),
        subject=user,
        credential=CREDENTIALS[signal],
        address=_address(request),
    )


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
