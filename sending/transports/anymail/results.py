"""What a provider's answer, or the failure to get one, means for a message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from urllib3.exceptions import NewConnectionError

from sending.transports.base import Answer, Stage
from sending.transports.smtp.replies import response_text

# The provider does not know us, or does not want us, rather than this message.
_ACCOUNT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}
_LATER = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
# Status words of anymail that mean that the provider will not send it.
_REFUSALS = {"invalid", "rejected"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message; `message_id` is the provider's name for it."""

    answer: Answer
    stage: Stage
    response: str
    message_id: str = ""


def outcome_of(message: EmailMultiAlternatives, *, sent_count: int) -> Outcome:
    """Return what a backend that raised nothing made of a message."""
    status = getattr(message, "anymail_status", None)
    words, ids = _words(status)
    if not sent_count:
        return Outcome(Answer.REFUSED, Stage.BODY, "The mail backend did not send the message.")
    if words & _REFUSALS:
        return _refused_recipient(words)
    if words == {"failed"}:
        return Outcome(Answer.DEFERRED, Stage.BODY, "The provider failed to send the message.")
    said = f" ({', '.join(sorted(words))})" if words else ""
    return Outcome(Answer.ACCEPTED, Stage.BODY, f"The provider took the message{said}.", ids)


def outcome_of_error(error: Exception, *, message: EmailMultiAlternatives) -> Outcome:
    """Return what an exception of a backend says of a message.

    Where the provider may have taken it all the same, it is in doubt.
    """
    if isinstance(error, AnymailRecipientsRefused):
        return _refused_recipient(_words(getattr(message, "anymail_status", None))[0])
    if isinstance(error, AnymailInvalidAddress):
        return _told(Answer.REFUSED, Stage.RCPT, error)
    if isinstance(error, AnymailUnsupportedFeature | AnymailSerializationError):
        return _told(Answer.REFUSED, Stage.BODY, error)
    if isinstance(error, ImproperlyConfigured) or _never_left(error):
        return _told(Answer.UNREACHED, Stage.CONNECT, error)
    status = _http_status(error)
    return _by_status(status, error) if status else _told(Answer.IN_DOUBT, Stage.BODY, error)


def _by_status(status: int, error: Exception) -> Outcome:
    if status in _ACCOUNT:
        return _told(Answer.UNREACHED, Stage.AUTH, error)
    if status in _LATER:
        return _told(Answer.DEFERRED, Stage.BODY, error)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _told(Answer.REFUSED, Stage.BODY, error)
    return _told(Answer.IN_DOUBT, Stage.BODY, error)  # a gateway's error, or an unreadable success


def _told(answer: Answer, stage: Stage, error: Exception) -> Outcome:
    words = str(error) or type(error).__name__
    return Outcome(answer, stage, response_text(words.encode("utf-8", "backslashreplace")))


def _refused_recipient(words: set[str]) -> Outcome:
    said = ", ".join(sorted(words)) or "refused"
    return Outcome(Answer.REFUSED, Stage.RCPT, f"The provider refused the recipient ({said}).")


def _words(status: object) -> tuple[set[str], str]:
    """Return the status words and the message id of an anymail status, which may be absent."""
    words = {word for word in getattr(status, "status", None) or () if word}
    message_id = getattr(status, "message_id", None)
    return words, "" if message_id is None or isinstance(message_id, set) else str(message_id)


def _http_status(error: Exception) -> int:
    """Return the HTTP status that an error carries, also deep inside, or 0."""
    for cause in _causes(error):
        if isinstance(cause, AnymailAPIError) and cause.status_code:
            return int(cause.status_code)
        response = getattr(cause, "response", None)  # a dict in the client of Amazon SES
        if isinstance(response, dict):
            return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return 0


def _never_left(error: Exception) -> bool:
    """Say whether no connection came about, so that nothing can have been taken."""
    unconnected = (
        requests.ConnectTimeout,
        requests.exceptions.SSLError,
        requests.exceptions.ProxyError,
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        ConnectionRefusedError,
        NewConnectionError,
    )
    return any(isinstance(cause, unconnected) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what caused it, and what the HTTP libraries wrapped into it."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            pending += [cause.__cause__, getattr(cause, "reason", None), *cause.args]
