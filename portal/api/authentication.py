"""Who a request comes from: a retailer's token in `Authorization: Bearer …`."""

from hmac import compare_digest
from typing import cast

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts.models import User
from portal.accounts.roles import RETAILER_ROLES
from portal.api.actions import note_use
from portal.api.models import Token

REFUSED = "The token is not known, has expired or was revoked."


class RetailerTokens(TokenAuthentication):
    """knox's tokens in one query, without its deleting of expired ones: their list is the manager's page."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """The account and its token; None without the header; AuthenticationFailed for a bad one."""
        found = cast("tuple[User, Token] | None", super().authenticate(request))
        if found is not None:
            note_use(found[1], found[0], str(request.META.get("REMOTE_ADDR", "")))
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[User, Token]:
        """One answer for every reason to refuse."""
        text = token.decode("ascii", "replace")
        rows = Token.objects.filter(token_key=text[: CONSTANTS.TOKEN_KEY_LENGTH]).select_related(
            "user__organisation"
        )
        for row in rows:
            if self._valid(row, text):
                return row.user, row
        raise AuthenticationFailed(REFUSED)

    @staticmethod
    def _valid(row: Token, text: str) -> bool:
        fresh = row.expiry is not None and row.expiry > timezone.now()
        holder = row.user.is_active and row.user.role in RETAILER_ROLES
        return compare_digest(hash_token(text), row.digest) and fresh and holder


class BearerScheme(OpenApiAuthenticationExtension):
    """How the schema describes it."""

    target_class = RetailerTokens
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """An HTTP bearer token."""
        return {"type": "http", "scheme": "bearer", "description": "Made by the retailer's manager."}
