"""How an endpoint is described, and the OpenAPI document itself."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import Audience
from portal.api.access import ANYONE, Endpoint
from portal.api.problems import MEDIA_TYPE, Problem
from portal.api.scopes import Scope

View = TypeVar("View", bound=Callable[..., HttpResponse])
ALWAYS = (400, 401, 403, 429)
MEANINGS = {
    400: "Something in the request is missing or wrong: see `errors`.",
    401: "No token, or one that is not valid.",
    403: "The token lacks the scope that this operation needs, which `errors` names.",
    404: "There is no such object among your own.",
    409: "The state of things does not allow it: the campaign is closed, the submission is full …",
    410: "This upload has ended: begin a new one.",
    412: "Tus-Resumable is missing or not 1.0.0.",
    413: "The file or request is too large.",
    415: "This content type is not understood here.",
    422: "The file cannot be used: `code` and `detail` say why and what to send instead.",
    429: "Too many requests in this minute: see Retry-After.",
    503: "Try again in a moment: see Retry-After.",
}


def documented(
    name: str,
    scope: Scope,
    answers: dict[Any, Any],
    *refusals: int,
    takes: Any = None,
    query: Any = None,
    **more: Any,
) -> Callable[[View], View]:
    """Declare an operation: its id, the scope it needs, its good answers, its refusals beside the usual."""
    described: dict[Any, Any] = dict(answers)
    for status in sorted({*ALWAYS, *refusals}):
        described[status, MEDIA_TYPE] = OpenApiResponse(Problem, MEANINGS[status])
    parameters = [*([query] if query else []), *more.pop("parameters", [])]
    describe = extend_schema(
        operation_id=name,
        responses=described,
        request=takes,
        parameters=parameters,
        extensions={"x-scope": scope.value},
        **more,
    )

    def declare(operation: View) -> View:
        operation.scope = scope  # type: ignore[attr-defined]  # portal.api.access asks for it
        return describe(operation)

    return declare


def listed(name: str, of: type[serializers.BaseSerializer[Any]]) -> Any:
    """The envelope of a list of these."""
    fields: dict[str, Any] = {
        "next": serializers.CharField(allow_null=True, help_text="where the next part is"),
        "results": of(many=True),
    }
    return inline_serializer(name, fields)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9_-]+$"},
    OpenApiParameter.HEADER,
    description="The same key with the same request acts once, however often it is sent (7 days).",
)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI 3 document of everything under /api/v1/."""
    return dict(SchemaGenerator().get_schema(request=None, public=True))


class Schema(Endpoint):
    """The OpenAPI document. It names no person and no retailer, so anybody may read it."""

    audience: ClassVar[Audience] = ANYONE
    throttle_classes = []
    authentication_classes = []

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """As JSON."""
        return Response(document())
