"""Request bodies: JSON of bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any, Final

from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError

MAXIMUM_BODY_BYTES: Final = 10 * 1024 * 1024  # ten times the longest mail one would write


class TooLargeError(APIException):
    """The body is longer than we read."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body is longer than {MAXIMUM_BODY_BYTES:,} bytes. Send less at once."
    default_code = "too_large"


class BoundedJSONParser(parsers.JSONParser):
    """JSON, but neither endlessly long nor endlessly nested."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body. Raises TooLargeError or ParseError."""
        request = (parser_context or {})["request"]
        length = str(request.META.get("CONTENT_LENGTH") or "")
        if length.isdigit() and int(length) > MAXIMUM_BODY_BYTES:
            raise TooLargeError
        try:
            return super().parse(stream, media_type=media_type, parser_context=parser_context)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
