"""How allauth behaves here: closed sign-up, lock-out, secrets of the second factor in the vault."""

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.cache import cache
from django.http import HttpRequest

from portal import vault

MFA_CONTEXT = "mfa"
KNOWN_SECONDS = 90 * 86_400


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves, and nobody locks somebody else out.

    Failed log-ins count per address and account (ACCOUNT_RATE_LIMITS), so that whoever hammers an account
    from elsewhere does not stop its owner. Against guesses from many addresses there is a second count per
    account (login_elsewhere), which an address that has logged in to that account before is spared.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt; ValidationError where there were too many."""
        super().pre_authenticate(request, **credentials)
        if cache.get(self._known_key(request, **credentials)):
            return
        if not ratelimit.consume(request, action="login_elsewhere", key=self._account(**credentials)):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """As allauth's; remembers the address where the password was right."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            cache.set(self._known_key(request, **credentials), True, KNOWN_SECONDS)
        return user

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"{self.get_client_ip(request)}|{self._account(**credentials)}"

    def _known_key(self, request: HttpRequest, **credentials: Any) -> str:
        known = self._get_login_attempts_cache_key(request, **credentials)
        return f"login-known:{sha256(known.encode()).hexdigest()}"

    @staticmethod
    def _account(**credentials: Any) -> str:
        return str(credentials.get("email") or credentials.get("username") or "").lower()


class VaultMfaAdapter(DefaultMFAAdapter):
    """Keeps TOTP secrets and recovery seeds encrypted at rest."""

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Police roles keep their second factor; an administrator resets a lost one."""
        return not authenticator.user.is_police

    def encrypt(self, text: str) -> str:
        """Seal a secret for the database."""
        return b64encode(vault.seal(text.encode(), context=MFA_CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Read a sealed secret; VaultError where it was altered."""
        return vault.unseal(b64decode(encrypted_text), context=MFA_CONTEXT).decode()
