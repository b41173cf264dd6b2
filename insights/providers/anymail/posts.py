"""Posts of commercial providers, checked and taken apart by the classes of django-anymail.

They are given the secret of one organization instead of the project's settings, and nobody is
signalled: what a stored post says is read from it again whenever that is asked for.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.module_loading import import_string

from insights.providers.anymail.esps import ESPS, PASSWORD
from insights.providers.anymail.reading import reports_of
from insights.providers.anymail.subscriptions import subscription_request
from insights.providers.base import PayloadError, Problem, Reading, SignatureError
from insights.reports import Report

_FORM_FIELD: Final = "mandrill_events"  # the one provider that posts forms all the time
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_PEM = "-----{} PUBLIC KEY-----"
_PEM_KEYS: Final = frozenset({"postal", "sendgrid"})  # which sign with a key pair
# What some classes want to be told at first, though they look at it only to check a post.
_UNUSED: Final[Mapping[str, Mapping[str, str]]] = {
    "mailersend": {"signing_secret": "-"},
    "mailgun": {"webhook_signing_key": "-"},
    "postal": {"webhook_key": "-"},
    "unisender_go": {"api_key": "-"},
}


def verify(request: HttpRequest, *, esp: str, secret: str, url: str) -> None:
    """Return nothing if a request is signed with the secret. Raises SignatureError if it is not.

    `url` is the address as it was entered at the provider, since some sign that too.
    """
    if not secret:  # anymail would check nothing
        raise SignatureError("This address has no secret yet to check anything by.")
    try:
        _view(esp, secret=secret, url=url).run_validators(request)
    except Exception as error:  # anymail raises whatever a damaged post makes its parsers raise
        raise SignatureError("This is not signed with the secret of this address.") from error


def clean_secret(secret: str, *, esp: str) -> str:
    """Return a secret as it was entered, as it is used. Raises ValueError if it can be none."""
    if esp in _PEM_KEYS:
        secret = secret.replace(_PEM.format("BEGIN"), "").replace(_PEM.format("END"), "")
        secret = "".join(secret.split())
        load_pem_public_key(f"{_PEM.format('BEGIN')}\n{secret}\n{_PEM.format('END')}".encode())
    elif ESPS[esp].secret == PASSWORD:
        user, _, password = secret.partition(":")
        if not user or not password:
            raise ValueError("A name and a password are needed, with a colon between them.")
    else:
        secret.encode("ascii")
        _view(esp, secret=secret)
    return secret


def parse(body: bytes, *, esp: str, headers: Mapping[str, str], received_at: datetime) -> Reading:
    """Return what a post says; of a batch, also when some of its events cannot be read.

    Raises PayloadError if nothing of it can be.
    """
    if esp == "amazon_ses" and (asked := subscription_request(body)):
        raise PayloadError(asked)
    request = _request(body, headers)
    try:
        return Reading(_reports(request, esp=esp, received_at=received_at))
    except Exception as error:  # see `verify`
        pieces = list(_pieces(request, error=error))
    if not pieces:
        raise PayloadError("There is nothing in it.")
    return _one_by_one(pieces, esp=esp, headers=headers, received_at=received_at)


def _one_by_one(
    pieces: list[WSGIRequest], *, esp: str, headers: Mapping[str, str], received_at: datetime
) -> Reading:
    reports: list[Report] = []
    problems: list[Problem] = []
    for number, piece in enumerate(pieces):
        try:
            reports += _reports(piece, esp=esp, received_at=received_at)
        except Exception as error:  # see `verify`
            problems.append(Problem(f"events[{number}]", _reason(error)))
    return Reading(tuple(reports), tuple(problems))


def _reports(request: HttpRequest, *, esp: str, received_at: datetime) -> tuple[Report, ...]:
    view = _view(esp)
    reports: list[Report] = []
    for event in view.parse_events(request):
        if not event.recipient and not event.message_id:
            raise ValueError("it names neither a recipient nor a message")
        reports += reports_of(event, esp_name=view.esp_name, received_at=received_at)
    return tuple(reports)


def _view(esp: str, *, secret: str | None = None, url: str = "") -> Any:
    """Return what reads this provider's posts; without a secret, it is not to check any."""
    options: dict[str, object] = {PASSWORD: "-:-", **_UNUSED.get(esp, {})}
    if secret is not None:
        options = {PASSWORD: [], ESPS[esp].secret: secret}
    if esp == "mandrill":
        options["webhook_url"] = url
    return import_string(ESPS[esp].view)(**options)


def _request(body: bytes, headers: Mapping[str, str]) -> WSGIRequest:
    """Return the request as it came in, as far as it was kept."""
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return WSGIRequest(
        {
            **named,
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": headers.get("Content-Type", "application/json"),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "inbox",
            "SERVER_PORT": "443",
            "wsgi.input": io.BytesIO(body),
        }
    )


def _pieces(request: WSGIRequest, *, error: Exception) -> Iterator[WSGIRequest]:
    """Yield a request for each event of a batch."""
    kept = {
        name: value for name, value in request.headers.items() if not name.startswith("Content-")
    }
    try:
        form = request.content_type != "application/json" and _FORM_FIELD in request.POST
        document = json.loads(request.POST[_FORM_FIELD] if form else request.body)
    except Exception as broken:  # see `verify`; what broke the reading at first says more
        raise PayloadError(_reason(error)) from broken
    for single in _singles(document):
        text = json.dumps(single)
        if form:
            yield _request(
                urlencode({_FORM_FIELD: text}).encode(), kept | {"Content-Type": _FORM_TYPE}
            )
        else:
            yield _request(text.encode(), kept)


def _singles(document: object) -> list[object]:
    """Return documents of one event each, whichever way a provider puts several into one."""
    match document:
        case list():
            return [[event] for event in document]
        case {"events": [*events]}:
            return [{"events": [event]} for event in events]
        case {"events_by_user": [{"events": [*events]}]}:
            return [{"events_by_user": [{"events": [event]}]} for event in events]
    return [document]


def _reason(error: Exception) -> str:
    return f"It could not be read: {type(error).__name__}: {error}"
