"""Bodies are bounded before they are read."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser

from matching.decoding import DecodeLimits, refusal
from portal.api.problems import TooLarge

JSON_BYTES = 256 * 1024
FORM_BYTES = 64 * 1024  # what a multipart body may hold beside its file


def _length(context: Mapping[str, Any] | None) -> int:
    return int((context or {})["request"].META.get("CONTENT_LENGTH") or 0)


class BoundedJSON(JSONParser):
    """JSON of at most JSON_BYTES."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The parsed body; TooLarge before reading, ParseError for no JSON or one nested absurdly deep."""
        if _length(parser_context) > JSON_BYTES:
            raise TooLarge
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


class BoundedMultiPart(MultiPartParser):
    """A form with a file; RejectedImage `file_too_large` before anything is read."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The fields and the file."""
        limits = DecodeLimits()
        if _length(parser_context) > limits.max_bytes + FORM_BYTES:
            raise refusal("file_too_large", limits)
        return super().parse(stream, media_type, parser_context)
