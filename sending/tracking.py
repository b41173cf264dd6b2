"""Pixel and links: the addresses in mails that tell us that somebody looked.

No cookie, session or login is looked at here. A hit is written before it is answered, and answered
also when it could not be written. HEAD is answered like GET; it is kept as evidence, and counts for
nothing: it comes from programs that look where a link leads.
"""

from __future__ import annotations

import logging
import string
from datetime import datetime
from urllib.parse import quote

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

import insights.queries.messages
import sending.operations.tracking
from common.conf import token_signer
from common.tokens import Purpose
from insights.messages import Message
from sending.operations.tracking import Visitor

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
    _note_open(recipient_id, visitor=_visitor(request), now=timezone.now())
    return HttpResponse(PIXEL, content_type="image/gif", headers=_HEADERS)


def _visitor(request: HttpRequest) -> Visitor:
    agent = request.META.get("HTTP_USER_AGENT", "")[:MAX_AGENT]
    return Visitor(agent, request.META.get("REMOTE_ADDR", ""), request.method or "GET")


def _note_open(recipient_id: int, *, visitor: Visitor, now: datetime) -> None:
    try:
        message = insights.queries.messages.message(recipient_id)
        if message is not None:
            sending.operations.tracking.record_open(message, visitor=visitor, now=now)
    except DatabaseError:
        logger.exception("an open of message %d was not recorded", recipient_id)


@require_safe
def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """Redirect to exactly the link of that message and note a click."""
    found = _signed_link(token) or _numbered_link(token)
    if found is None:
        return _unknown()
    message, number, url = found
    if message is not None:
        _note_click(message, url, number, visitor=_visitor(request), now=timezone.now())
    location = quote(url, safe=_KEPT)
    return HttpResponse(status=302, headers={**_HEADERS, "Location": location})


def _numbered_link(token: str) -> tuple[Message, int, str] | None:
    """Return message, number and address of a link that is the same for every recipient."""
    clicked_token, _, digits = token.rpartition(".")
    recipient_id = token_signer().read(clicked_token, purpose=Purpose.CLICKED)
    if recipient_id is None or not _is_number(digits):
        return None
    number = int(digits)
    found = insights.queries.messages.message_with_link(recipient_id, number=number)
    return (found[0], number, found[1]) if found else None


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal() and len(digits) <= MAX_LINK_DIGITS


def _signed_link(token: str) -> tuple[Message | None, int, str] | None:
    """Return message, number and address of a link that carries its address with it.

    Signed as it is, the address holds even when the message cannot be looked up.
    """
    signed = token_signer().read_url(token)
    if signed is None:
        return None
    recipient_id, number, url = signed
    try:
        return insights.queries.messages.message(recipient_id), number, url
    except DatabaseError:
        logger.exception("a click in message %d was not recorded", recipient_id)
        return None, number, url


def _note_click(
    message: Message, url: str, number: int, *, visitor: Visitor, now: datetime
) -> None:
    try:
        sending.operations.tracking.record_click(
            message, url=url, link_number=number, visitor=visitor, now=now
        )
    except DatabaseError:
        logger.exception("a click in message %d was not recorded", message.recipient_id)


def _unknown() -> HttpResponse:
    return HttpResponse(render_to_string("public/unknown.html"), status=404, headers=_HEADERS)
