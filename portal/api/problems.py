"""Every refusal as application/problem+json (RFC 9457) with a stable `code` and a sentence for a person."""

import errno
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from matching.errors import DecoderUnavailable, RejectedImage
from portal.questions.actions import QuestionRefused
from portal.storage import StorageUnavailable
from portal.submissions import tus
from portal.submissions.actions import SubmissionRefused

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # for a large body's temporary file


class FieldProblem(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """A refusal. `code` is stable; `detail` may change its words."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = FieldProblem(many=True)  # type: ignore[assignment]


class MissingScope(exceptions.PermissionDenied):
    """The token is sound, but was not made for this."""

    default_code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This token lacks the scope {scope}. Your organisation’s manager can make another.")
        self.scope = scope
        self.auth_header = f'Bearer error="insufficient_scope", scope="{scope}"'  # RFC 6750, 3.1


class TooLarge(exceptions.APIException):
    """The request body is larger than this endpoint reads."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is larger than this address takes."
    default_code = "request_too_large"


def absent(field: str) -> serializers.ValidationError:
    """A list of uids names something that is not there, or not the caller's."""
    return serializers.ValidationError({field: "One of these does not exist."}, "does_not_exist")


def problem(status: int, code: str, detail: str, *, errors: list[dict[str, str]] | None = None) -> Response:
    """The answer itself."""
    content = {
        "type": f"urn:stillmatch:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        "errors": errors or [],
    }
    return Response(content, status=status, content_type=MEDIA_TYPE)


def answer(error: Exception, _context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None (a real 500, logged) for what nobody foresaw."""
    if isinstance(error, RejectedImage):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if error.code == "file_too_large" else 422
        return problem(status, error.code, error.message)
    if isinstance(error, SubmissionRefused):
        reused = error.code == "idempotency_key_reused"
        return problem(422 if reused else tus.status_of(error), error.code, error.message)
    if isinstance(error, QuestionRefused):
        named = [{"field": error.field, "code": error.code, "message": error.message}] if error.field else []
        return problem(HTTPStatus.CONFLICT, error.code, error.message, errors=named)
    if isinstance(error, DecoderUnavailable):
        error = _later("try_again", "The still could not be opened just now. Send it again.")
    elif isinstance(error, StorageUnavailable) or getattr(error, "errno", None) in NO_ROOM:
        error = _later("storage_unavailable", "The still could not be stored just now. Send it again.")
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError("The request could not be read.")
    return _of_drf(error) if isinstance(error, exceptions.APIException) else None


def _later(code: str, detail: str) -> exceptions.APIException:
    """Our fault: nothing was kept, and the same request will do in a while."""
    error = exceptions.APIException(detail, code)
    error.status_code, error.wait = HTTPStatus.SERVICE_UNAVAILABLE, RETRY_SECONDS  # type: ignore[attr-defined]
    return error


def _of_drf(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        flat = list(_flat(error.get_full_details()))
        return problem(error.status_code, "invalid", "Some fields are missing or wrong.", errors=flat)
    code, named = error.get_codes(), []
    if isinstance(error, MissingScope):
        named = [{"field": "scope", "code": error.scope, "message": "The token was not made for this."}]
    text = code if isinstance(code, str) else "invalid"
    answered = problem(error.status_code, text, str(error.detail), errors=named)
    if challenge := getattr(error, "auth_header", None):
        answered["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        answered["Retry-After"] = str(int(wait) + 1)
    return answered


def _flat(details: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Depth first: `region.x` for a field inside another."""
    if isinstance(details, list):
        for one in details:
            yield from _flat(one, field)
    elif isinstance(details, dict) and set(details) == {"message", "code"}:
        yield {"field": field, "code": str(details["code"]), "message": str(details["message"])}
    elif isinstance(details, dict):
        for name, inside in details.items():
            plain = "" if name == "non_field_errors" else str(name)
            yield from _flat(inside, f"{field}.{plain}".strip("."))
