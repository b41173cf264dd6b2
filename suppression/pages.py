"""Public pages: one-click unsubscribing (RFC 8058), the unsubscribe page, the preferences page.

The token in the address is all they know of somebody: no cookie, session or login is looked at,
so there is nothing that a foreign site could misuse. GET, HEAD and OPTIONS change nothing, and
nothing is ever answered by a redirect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

import insights.queries.messages
import suppression.operations
import suppression.queries
from common.conf import token_signer
from common.tokens import Purpose
from insights.messages import Message

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST")
_HEADERS: Final = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_UNREADABLE = (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError)


@csrf_exempt
@require_http_methods(METHODS)
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show the unsubscribe page, or do what a mail program or somebody on that page asked for.

    Whatever else is posted to this address is taken for a mail program's wish: no odd spelling of
    a body may keep somebody subscribed.
    """
    message = _message(token, purpose=Purpose.UNSUBSCRIBE)
    if message is None:
        return _unknown()
    if request.method == "OPTIONS":
        return _options()
    now = timezone.now()
    if request.method != "POST":
        return _page("unsubscribe", message, now=now)
    wish = _form(request).get("choice")
    if wish not in _WISHES:
        suppression.operations.unsubscribe(message, now=now)
        return HttpResponse(headers=_HEADERS)
    _WISHES[wish](message, now)
    return _page("unsubscribed", message, now=now, wish=wish)


@csrf_exempt
@require_http_methods(METHODS)
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Show the lists that somebody may join and leave, or save what they chose."""
    message = _message(token, purpose=Purpose.PREFERENCES)
    if message is None:
        return _unknown()
    if request.method == "OPTIONS":
        return _options()
    now = timezone.now()
    form = _form(request)
    wish = form.get("choice")
    if wish == "save":
        chosen = {int(pk) for pk in form.getlist("list") if pk.isascii() and pk.isdecimal()}
        suppression.operations.save_preferences(message, list_ids=chosen, now=now)
    elif wish == "all":
        suppression.operations.unsubscribe(message, now=now)
    return _page("preferences", message, now=now, wish=wish)


def _message(token: str, *, purpose: Purpose) -> Message | None:
    recipient_id = token_signer().read(token, purpose=purpose)
    return None if recipient_id is None else insights.queries.messages.message(recipient_id)


def _form(request: HttpRequest) -> QueryDict:
    """Return what was posted; empty when nothing was, or nothing that can be read."""
    try:
        return request.POST
    except _UNREADABLE:
        return QueryDict()


def _leave_list(message: Message, now: datetime) -> None:
    """Leave the list of the message; where there is none any more, marketing mail altogether."""
    list_ = suppression.queries.list_of(message)
    if list_ is None:
        suppression.operations.unsubscribe(message, now=now)
    else:
        suppression.operations.leave_list(message, list_id=list_.pk, now=now)


_WISHES: Final[Mapping[str | None, Callable[[Message, datetime], None]]] = {
    "all": lambda message, now: suppression.operations.unsubscribe(message, now=now),
    "list": _leave_list,
    "undo": lambda message, now: suppression.operations.rejoin(message, now=now),
}


def _page(name: str, message: Message, *, now: datetime, wish: str | None = None) -> HttpResponse:
    """Return a page, rendered without the request: nothing of it may read a session."""
    tokens = token_signer().for_message(message.recipient_id)
    context = {
        "preferences": suppression.queries.preferences(message, now=now),
        "wish": wish,
        "unsubscribe_path": f"/u/{tokens.unsubscribe}",
        "preferences_path": f"/p/{tokens.preferences}",
    }
    return HttpResponse(render_to_string(f"public/{name}.html", context), headers=_HEADERS)


def _options() -> HttpResponse:
    headers = {**_HEADERS, "Allow": ", ".join(METHODS)}
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=headers)


def _unknown() -> HttpResponse:
    page = render_to_string("public/unknown.html")
    return HttpResponse(page, status=HTTPStatus.NOT_FOUND, headers=_HEADERS)
