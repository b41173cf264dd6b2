"""Answers that are CSV files, streamed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.renderers import JSONRenderer

MEDIA_TYPE: Final = "text/csv"
CSV_IN_SCHEMA: Final = {(200, MEDIA_TYPE): OpenApiTypes.STR}


class CsvRenderer(JSONRenderer):
    """Lets a caller ask for CSV. The file itself is streamed; what is left to render is errors."""

    media_type = MEDIA_TYPE
    format = "csv"


CSV_OR_JSON: Final = (JSONRenderer, CsvRenderer)


def csv_answer(lines: Iterable[str], *, name: str) -> StreamingHttpResponse:
    """Return a download of these lines."""
    response = StreamingHttpResponse(lines, content_type=f"{MEDIA_TYPE}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
