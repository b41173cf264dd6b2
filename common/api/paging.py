"""Pages of a list, told apart by a cursor: `{"next", "previous", "results"}`."""

from __future__ import annotations

from typing import Final

from rest_framework import pagination
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGE_SIZE: Final = 50  # objects
MAXIMUM_PAGE_SIZE: Final = 500  # objects; a page of these still answers in well under a second
_MAXIMUM_ID_DIGITS: Final = 18  # below 2**63, what the database can compare with


class CursorPagination(pagination.CursorPagination):
    """Newest first by id, so a page costs the same however deep it lies."""

    ordering = "-id"
    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = MAXIMUM_PAGE_SIZE
    cursor_query_description = "Where to go on: taken from `next` or `previous` of another page."
    page_size_query_description = f"Objects on a page, at most {MAXIMUM_PAGE_SIZE}."

    def decode_cursor(self, request: Request) -> pagination.Cursor | None:
        """Return the place to go on from. Raises ValidationError for one we did not make."""
        if self.cursor_query_param not in request.query_params:
            return None
        try:
            cursor = super().decode_cursor(request)
        except Exception as error:
            raise _not_ours() from error
        position = cursor.position if cursor else None
        if position is not None and not _is_id(str(position)):
            raise _not_ours()
        return cursor


class OldestFirst(CursorPagination):
    """The same, oldest first: the order of a ledger."""

    ordering = "id"


def _is_id(position: str) -> bool:
    return position.isascii() and position.isdigit() and len(position) <= _MAXIMUM_ID_DIGITS


def _not_ours() -> ValidationError:
    return ValidationError({"cursor": ["Take the cursor from `next` or `previous` of a page."]})
