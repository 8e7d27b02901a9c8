"""A storage that is away is said so to a person, on every page that needs a file of it."""

from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.storage import StorageUnavailable

RETRY_SECONDS = 30
log = structlog.get_logger(__name__)


class StorageOutage:
    """Answers 503 where a view could not read or write a file."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing of its own."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for an outage; None for every other error."""
        if not isinstance(error, StorageUnavailable):
            return None
        log.error("storage_unavailable", path=request.path, error=str(error))
        answer = render(request, "503.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
        answer["Retry-After"] = str(RETRY_SECONDS)
        return answer
