"""The base of every endpoint: its audience, declared as the pages declare theirs."""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.http import HttpResponseBase
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.access import Audience
from portal.accounts.models import User
from portal.accounts.roles import EVERYONE, RETAILER_ROLES
from portal.api.authentication import RetailerTokens
from portal.api.models import Token
from portal.api.parsers import BoundedJSON
from portal.api.problems import MissingScope
from portal.api.throttling import PerToken, allowance

RETAILERS = Audience(RETAILER_ROLES)
ANYONE = Audience(EVERYONE, anonymous=True)


class ForAudience(BasePermission):
    """Lets in whom the view's `audience` names."""

    message = "This account may not use the API."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller's role is in the audience."""
        audience = cast("Endpoint", view).audience
        if audience.anonymous:
            return True
        caller = request.user  # None without a token: settings.REST_FRAMEWORK
        return isinstance(caller, User) and caller.role in audience.roles


class WithinScope(BasePermission):
    """Lets a token do what it was made for; the scope stands on the operation (schema.documented)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True; MissingScope names what is missing. An operation that declares no scope is nobody's."""
        if cast("Endpoint", view).audience.anonymous:
            return True
        operation = getattr(view, str(request.method).lower(), None)
        if operation is None:
            return True  # 405 follows
        scope = getattr(operation, "scope", None)
        if scope is None:
            return False
        if not isinstance(request.auth, Token) or scope not in request.auth.scopes:
            raise MissingScope(scope)
        return True


class JsonOnly(DefaultContentNegotiation):
    """JSON whatever the Accept header says: a client that sends none or a strange one is still answered."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The only one."""
        return renderers[0], renderers[0].media_type


class Endpoint(APIView):
    """An endpoint. `audience` also stands on the callback, where the access walk reads it."""

    audience: ClassVar[Audience] = RETAILERS
    authentication_classes = [RetailerTokens]
    permission_classes = [ForAudience, WithinScope]
    throttle_classes = [PerToken]
    parser_classes = [BoundedJSON]
    content_negotiation_class = JsonOnly
    metadata_class = None
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """The answer, with how much of the minute's allowance is left."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in allowance(request).items():
            answer[name] = value
        return answer

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:  # type: ignore[override]
        """The callback, with the audience on it."""
        callback = super().as_view(**initkwargs)
        callback.audience = cls.audience  # type: ignore[attr-defined]
        return callback


def account(request: Request) -> User:
    """The account that a permitted request acts as."""
    return cast("User", request.user)
