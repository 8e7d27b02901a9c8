"""Pages about the API: its description for people, and the tokens of a retailer."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import SignedInRequest, for_anyone, for_roles
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.api.actions import make_token, revoke_token
from portal.api.forms import TokenForm
from portal.api.models import Token
from portal.api.schema import document

PAGE_SIZE = 25
for_retailer_managers = for_roles(Role.RETAILER_MANAGER)


def tokens_of(manager: User) -> QuerySet[Token]:
    """The tokens of the manager's retailer, newest first."""
    mine = Token.objects.filter(user__organisation=manager.organisation_id)
    return mine.select_related("user", "made_by").order_by("-created")


@for_retailer_managers
@never_cache
def tokens(request: SignedInRequest) -> HttpResponse:
    """The retailer's tokens, and a form for another one; its secret is on the answer and never again."""
    form = TokenForm(request.POST or None, manager=request.user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        token, secret = make_token(
            given["account"],
            name=given["name"],
            days=given["days"],
            by=request.user,
            scopes=given["scopes"],
        )
        return render(request, "api/token_made.html", {"token": token, "secret": secret})
    page = Paginator(tokens_of(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "api/tokens.html", {"form": form, "page": page, "now": timezone.now()})


@for_retailer_managers
@require_POST
def token_revoke(request: SignedInRequest, uid: UUID) -> HttpResponse:
    """A token stops working at once."""
    token = get_object_or_404(tokens_of(request.user), uid=uid)
    revoke_token(token, by=request.user)
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("api:tokens")


@dataclass(frozen=True)
class Described:
    """One operation as the page shows it."""

    name: str
    method: str
    path: str
    about: str
    parameters: list[dict[str, Any]]
    takes: str
    answers: list[tuple[str, str]]


@for_anyone
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The API's operations in words, from the same document that programs read."""
    operations = [
        _described(path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = document()["components"]["schemas"]
    return render(request, "api/docs.html", {"operations": operations, "schemas": _objects(schemas)})


def _described(path: str, method: str, operation: dict[str, Any]) -> Described:
    content = operation.get("requestBody", {}).get("content", {})
    takes = ", ".join(f"{_reference(body['schema'])} as {media}" for media, body in content.items())
    answers = [
        (status, answer.get("description") or _answer(answer))
        for status, answer in operation["responses"].items()
    ]
    about = operation.get("description", "")
    return Described(
        operation["operationId"], method.upper(), path, about, operation.get("parameters", []), takes, answers
    )


def _reference(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", schema.get("type", ""))).rsplit("/", 1)[-1]


def _answer(answer: dict[str, Any]) -> str:
    return ", ".join(_reference(body["schema"]) for body in answer.get("content", {}).values())


def _objects(schemas: dict[str, Any]) -> list[tuple[str, list[tuple[str, str, str, bool]]]]:
    """Name and fields (name, type, description, required) of every object."""
    return [
        (name, [_field(field, about, schema) for field, about in schema["properties"].items()])
        for name, schema in schemas.items()
        if "properties" in schema
    ]


def _field(name: str, about: dict[str, Any], schema: dict[str, Any]) -> tuple[str, str, str, bool]:
    kind = about.get("format") or about.get("type") or _kind(about)
    text = about.get("title") or about.get("description", "")
    return name, str(kind), str(text), name in schema.get("required", [])


def _kind(about: dict[str, Any]) -> str:
    inner = about.get("allOf") or about.get("oneOf") or [about]
    return " or ".join(_reference(one) for one in inner if _reference(one))
