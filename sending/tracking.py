"""Pixel and links: the addresses in mails that tell us that somebody looked.

No cookie, session or login is looked at here. A hit is stored before it is answered, as one row
that a worker judges and records moments later; it is answered also when it could not be stored.
HEAD is answered like GET; it is kept as evidence, and counts for nothing: it comes from programs
that look where a link leads.
"""

from __future__ import annotations

import logging
import string
from urllib.parse import quote

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

import insights.operations.hits
import insights.queries.looked
from common.conf import token_signer
from common.tokens import Purpose
from insights.events import EventType
from insights.operations.hits import Visitor

logger = logging.getLogger(__name__)

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
MAX_LINK_DIGITS = 9
MAX_AGENT = 500  # characters of a user agent that are looked at
_HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
# Only what a header cannot hold is encoded; what a browser makes of the rest is the link's affair.
_KEPT = string.punctuation


@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with the pixel and note an open."""
    recipient_id = token_signer().read(token, purpose=Purpose.OPENED)
    if recipient_id is None:
        return _unknown()
    _note(request, EventType.OPENED, recipient_id=recipient_id)
    return HttpResponse(PIXEL, content_type="image/gif", headers=_HEADERS)


@require_safe
def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """Redirect to exactly the link of that message and note a click."""
    found = token_signer().read_url(token) or _numbered_link(token)
    if found is None:
        return _unknown()
    recipient_id, number, url = found
    _note(request, EventType.CLICKED, recipient_id=recipient_id, url=url, number=number)
    location = quote(url, safe=_KEPT)
    return HttpResponse(status=302, headers={**_HEADERS, "Location": location})


def _numbered_link(token: str) -> tuple[int, int, str] | None:
    """Return message, number and address of a link that is the same for every recipient."""
    clicked_token, _, digits = token.rpartition(".")
    recipient_id = token_signer().read(clicked_token, purpose=Purpose.CLICKED)
    if recipient_id is None or not _is_number(digits):
        return None
    number = int(digits)
    url = insights.queries.looked.link_url(recipient_id, number=number)
    return (recipient_id, number, url) if url is not None else None


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal() and len(digits) <= MAX_LINK_DIGITS


def _note(
    request: HttpRequest,
    event_type: EventType,
    *,
    recipient_id: int,
    url: str = "",
    number: int | None = None,
) -> None:
    """Store that somebody asked. Where that fails the answer matters more to who waits for it."""
    try:
        insights.operations.hits.note(
            event_type,
            recipient_id=recipient_id,
            visitor=_visitor(request),
            url=url,
            link_number=number,
            now=timezone.now(),
        )
    except DatabaseError:
        logger.exception("%s of message %d was not recorded", event_type, recipient_id)


def _visitor(request: HttpRequest) -> Visitor:
    agent = request.META.get("HTTP_USER_AGENT", "")[:MAX_AGENT]
    return Visitor(agent, request.META.get("REMOTE_ADDR", ""), request.method or "GET")


def _unknown() -> HttpResponse:
    return HttpResponse(render_to_string("public/unknown.html"), status=404, headers=_HEADERS)
