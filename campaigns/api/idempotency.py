"""The Idempotency-Key header: a request that is repeated is answered again, not done again.

The key is claimed in a transaction of its own, so that a second request with it sees the first
one at work. The work and its answer are committed together: a claim without an answer, left by a
process that died, means that nothing was done.
Source: the IETF draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import IdempotencyRecord, Organization
from common.api.problems import ConflictError

HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
MAXIMUM_KEY_CHARACTERS: Final = 255
KEPT_FOR: Final = timedelta(hours=24)  # then a key may be used anew
ABANDONED_AFTER: Final = timedelta(minutes=5)  # longer than any web worker may take
PARAMETER: Final = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Any text of yours, up to 255 characters. A request repeated with the same key "
    "within 24 hours is not done again: it gets the same answer.",
)
_Handler = TypeVar("_Handler", bound=Callable[..., Response])


class KeyReusedError(exceptions.APIException):
    """The key came with another request before."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request. Choose a new one."


class StillWorkingError(ConflictError):
    """The first request with the key has not been answered yet."""

    default_code = "idempotency_key_in_progress"
    default_detail = "A request with this Idempotency-Key is being worked on. Ask again soon."
    wait = 1.0  # seconds; becomes Retry-After


def idempotent(handler: _Handler) -> _Handler:
    """Return a handler of POST that honours the Idempotency-Key header."""

    @functools.wraps(handler)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        record = _claim(view.organization, key=_checked(key), digest=_digest(request))
        if record.status is not None:
            return Response(record.body, record.status, headers={REPLAYED_HEADER: "true"})
        return _answered(record, lambda: handler(view, request, *args, **kwargs))

    answer.honours_idempotency_key = True  # type: ignore[attr-defined]
    return extend_schema(parameters=[PARAMETER])(answer)  # type: ignore[return-value]


def _checked(key: str) -> str:
    if not key.isprintable() or not 0 < len(key) <= MAXIMUM_KEY_CHARACTERS:
        raise exceptions.ValidationError(
            {HEADER: [f"Give 1 to {MAXIMUM_KEY_CHARACTERS} printable characters."]}
        )
    return key


def _claim(organization: Organization, *, key: str, digest: str) -> IdempotencyRecord:
    """Return the record of a key: with an answer to repeat, or without one for us to fill in.

    Raises KeyReusedError or StillWorkingError.
    """
    now = timezone.now()
    record, fresh = IdempotencyRecord.objects.get_or_create(
        organization=organization,
        key=key,
        defaults={"request_digest": digest, "created_at": now},
    )
    if fresh or _took_over(record, digest=digest, now=now):
        return record
    if record.request_digest != digest:
        raise KeyReusedError
    if record.status is None:
        raise StillWorkingError
    return record


def _took_over(record: IdempotencyRecord, *, digest: str, now: datetime) -> bool:
    """Claim a record that has expired or was abandoned; one of several callers gets it."""
    old = Q(created_at__lt=now - KEPT_FOR)
    abandoned = Q(created_at__lt=now - ABANDONED_AFTER, status__isnull=True)
    taken = (
        IdempotencyRecord.objects.filter(old | abandoned, pk=record.pk)
        .filter(created_at=record.created_at)
        .update(request_digest=digest, status=None, body=None, created_at=now)
    )
    if taken:
        record.refresh_from_db()
    return bool(taken)


def _answered(record: IdempotencyRecord, work: Callable[[], Response]) -> Response:
    """Do the work and keep its answer, both or neither; a refusal frees the key."""
    ours = IdempotencyRecord.objects.filter(pk=record.pk, created_at=record.created_at)
    try:
        with transaction.atomic():
            response = work()
            _keep(response, ours)
    except BaseException:
        ours.filter(status__isnull=True).delete()
        raise
    return response


def _keep(response: Response, ours: QuerySet[IdempotencyRecord]) -> None:
    """Raise StillWorkingError when it took so long that somebody else began anew."""
    body = json.loads(JSONRenderer().render(response.data) or b"null")
    if not ours.update(status=response.status_code, body=body):
        raise StillWorkingError


def _digest(request: Request) -> str:
    """Return what tells one request from another: method, path and content."""
    digest = hashlib.sha256()
    for part in _parts(request):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(request: Request) -> Iterator[bytes]:
    yield f"{request.method} {request.path.rstrip('/')}".encode()
    yield request.META.get("QUERY_STRING", "").encode()
    if not hasattr(request.data, "lists"):
        yield json.dumps(request.data, sort_keys=True).encode()
        return
    for name, values in sorted(request.data.lists()):
        yield name.encode()
        for value in values:
            yield from _content(value) if isinstance(value, UploadedFile) else [value.encode()]


def _content(file: UploadedFile[Any]) -> Iterator[bytes]:
    yield from file.chunks()
    file.seek(0)
