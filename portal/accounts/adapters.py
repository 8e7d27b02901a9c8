"""How allauth behaves here: closed sign-up, secrets of the second factor in the vault."""

from base64 import b64decode, b64encode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from portal import vault

MFA_CONTEXT = "mfa"


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: an invitation is the only way in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class VaultMfaAdapter(DefaultMFAAdapter):
    """Keeps TOTP secrets and recovery seeds encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """Seal a secret for the database."""
        return b64encode(vault.seal(text.encode(), context=MFA_CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Read a sealed secret; VaultError where it was altered."""
        return vault.unseal(b64decode(encrypted_text), context=MFA_CONTEXT).decode()
