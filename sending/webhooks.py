"""Where other systems report what happened: stored first, answered at once, read a moment later.

No cookie, session or login is looked at here; the key in the address says whose inbox it is.
"""

from __future__ import annotations

import logging

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

import insights.operations.inbox
import insights.queries.inbox
from common.conf import public_url
from insights.events import Source
from insights.models import InboxKey
from insights.providers import stalwart
from insights.providers.anymail import posts
from insights.providers.anymail.esps import ESPS
from insights.providers.base import SignatureError

logger = logging.getLogger(__name__)

LARGEST_BODY_BYTES = 25 * 1024 * 1024  # what large providers take as one mail
_KEPT_HEADERS = ("Content-Type", "User-Agent")


@csrf_exempt
@require_POST
def posted_by_stalwart(request: HttpRequest, key: str) -> HttpResponse:
    """Take a batch of events that is signed with the secret of its inbox address."""
    found = insights.queries.inbox.inbox_key(key, source=Source.STALWART)
    if found is None:
        return _refusal(404, "There is no such address.")
    body = _body(request)
    if body is None:
        return _refusal(413, "This is more than 25 MB.")
    try:
        stalwart.verify(body, signature=request.headers.get("X-Signature"), key=found.secret)
    except SignatureError as error:
        logger.warning("a batch for inbox address %d was refused: %s", found.pk, error)
        return _refusal(401, str(error))
    return _store(request, found, body)


@csrf_exempt
@require_POST
def posted_mail(request: HttpRequest, key: str) -> HttpResponse:
    """Take a mail as it came in; `?to=` may say which address it was delivered to."""
    found = insights.queries.inbox.inbox_key(key, source=Source.MAIL)
    if found is None:
        return _refusal(404, "There is no such address.")
    body = _body(request)
    if body is None:
        return _refusal(413, "This is more than 25 MB.")
    return _store(request, found, body, envelope_to=request.GET.get("to", ""))


@csrf_exempt
@require_http_methods(["POST", "GET", "HEAD"])
def posted_by_provider(request: HttpRequest, key: str, esp: str) -> HttpResponse:
    """Take what a commercial provider posts, signed or with a password, as its address says.

    GET and HEAD say that the address is there: some providers ask before they accept it.
    """
    found = insights.queries.inbox.inbox_key(key, source=Source.ANYMAIL, esp=esp)
    if found is None:
        return _refusal(404, "There is no such address.")
    if request.method != "POST":
        return HttpResponse(status=200)
    body = _body(request)
    if body is None:
        return _refusal(413, "This is more than 25 MB.")
    try:
        posts.verify(request, esp=esp, secret=found.secret, url=_entered_url(request))
    except SignatureError as error:
        logger.warning("a post to inbox address %d was refused: %s", found.pk, error)
        return _asked_for_password(_refusal(401, str(error)), esp=esp)
    return _store(request, found, body)


def _entered_url(request: HttpRequest) -> str:
    return f"{public_url()}{request.get_full_path()}"


def _asked_for_password(refusal: HttpResponse, *, esp: str) -> HttpResponse:
    """Return a refusal with the question that some wait for before they send their password."""
    if not ESPS[esp].signs:
        refusal["WWW-Authenticate"] = 'Basic realm="Mailwright"'
    return refusal


def _body(request: HttpRequest) -> bytes | None:
    """Return the body, or None when it is too large."""
    try:
        body = request.body
    except RequestDataTooBig:
        return None
    return body if len(body) <= LARGEST_BODY_BYTES else None


def _store(
    request: HttpRequest, found: InboxKey, body: bytes, *, envelope_to: str = ""
) -> HttpResponse:
    kept = _KEPT_HEADERS + (ESPS[found.esp].headers if found.esp else ())
    insights.operations.inbox.store(
        found.organization_id,
        source=Source(found.source),
        body=body,
        esp=found.esp,
        headers={name: request.headers[name] for name in kept if name in request.headers},
        envelope_to=envelope_to,
        now=timezone.now(),
    )
    return HttpResponse(status=200)


def _refusal(status: int, reason: str) -> HttpResponse:
    return HttpResponse(f"{reason}\n", status=status, content_type="text/plain; charset=utf-8")
