"""Whatever in a mail points at one of our messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from insights.providers.mail.addresses import addresses_of
from insights.providers.mail.anatomy import Anatomy
from insights.providers.mail.complaints import feedback_fields
from insights.providers.mail.headers import Headers
from insights.reports import References

# The shapes that common.tokens and the ledger give them; whether one is ours is checked later.
RETURN_PATH_TOKEN: Final = r"[0-9a-z][0-9a-f]{1,16}-[0-9a-f]{20}"  # noqa: S105  a shape
UNSUBSCRIBE_TOKEN: Final = r"[0-9a-z][0-9a-f]{1,16}\.[\w-]{16}"  # noqa: S105  a shape
OUR_MESSAGE_ID: Final = r"[0-9a-f]{1,16}\.[0-9a-f]{32}@[\w.-]{1,253}"

_RETURN_PATH = re.compile(rf"(?<![0-9a-z]){RETURN_PATH_TOKEN}(?![0-9a-f])", re.IGNORECASE)
_UNSUBSCRIBE = re.compile(rf"(?<![\w.-]){UNSUBSCRIBE_TOKEN}(?![\w-])")
_OUR_MESSAGE_ID = re.compile(rf"(?<![\w.]){OUR_MESSAGE_ID}")
_MESSAGE_ID = re.compile(r"<([^<>\s@]{1,250}@[^<>\s@]{1,250})>")
_LABELLED_ID = re.compile(r"message-id:\s{0,4}<?([^<>\s@]{1,250}@[^<>\s@]{1,250})", re.IGNORECASE)
# Where a mail says whom it came to, the nearest to the envelope first.
DELIVERED_TO: Final = ("X-Original-To", "Envelope-To", "X-Envelope-To", "Delivered-To", "To", "Cc")
_OUR_SENDERS = ("Return-Path", "X-Envelope-From", "Envelope-From", "Errors-To")


def references_in(anatomy: Anatomy, *, envelope_to: str) -> References:
    """Return what in a report points at the message that it is about."""
    fields = feedback_fields(anatomy)
    returned = anatomy.returned
    return References(
        return_path=_return_path(anatomy, fields, envelope_to=envelope_to),
        message_id=_message_id(anatomy),
        unsubscribe_token=token_in(returned.all("List-Unsubscribe")),
        queue_id=_queue_id(anatomy, fields),
        feedback_id=returned.get("Feedback-ID"),
    )


def references_of_answer(anatomy: Anatomy, *, envelope_to: str, token: str) -> References:
    """Return what in an answer points at the message that it answers."""
    headers = anatomy.headers
    answered = headers.all("In-Reply-To") + headers.all("References")
    return References(
        return_path=_first_token(delivered_to(anatomy, envelope_to=envelope_to)),
        message_id=_ours_or_first(_MESSAGE_ID.findall(" ".join(answered))),
        unsubscribe_token=token,
        address=next(iter(addresses_of(headers.all("From"))), ""),
    )


def delivered_to(anatomy: Anatomy, *, envelope_to: str) -> list[str]:
    """Return the addresses that a mail came to, the most reliable first."""
    values = [value for name in DELIVERED_TO for value in anatomy.headers.all(name)]
    return [envelope_to, *values]


def token_in(values: Iterable[str]) -> str:
    """Return the first unsubscribe token in some header values, or an empty one."""
    found = _UNSUBSCRIBE.search("\n".join(values))
    return found[0] if found else ""


def _return_path(anatomy: Anatomy, fields: Headers, *, envelope_to: str) -> str:
    """Return the local part of our return path, from where the report came to or what it names."""
    returned = [value for name in _OUR_SENDERS for value in anatomy.returned.all(name)]
    named = [fields.get("Original-Mail-From"), *returned]
    return _first_token([*delivered_to(anatomy, envelope_to=envelope_to), *named])


def _first_token(values: Iterable[str]) -> str:
    found = (_RETURN_PATH.search(value) for value in values)
    return next((match[0].lower() for match in found if match), "")


def _message_id(anatomy: Anatomy) -> str:
    returned = _MESSAGE_ID.findall(anatomy.returned.get("Message-ID"))
    quoted = _LABELLED_ID.findall(anatomy.notice)
    ours = _OUR_MESSAGE_ID.findall(anatomy.notice)
    return _ours_or_first([*returned, *ours, *quoted])


def _ours_or_first(candidates: Iterable[str]) -> str:
    found = list(candidates)
    ours = (candidate for candidate in found if _OUR_MESSAGE_ID.fullmatch(candidate))
    return next(ours, next(iter(found), ""))


def _queue_id(anatomy: Anatomy, fields: Headers) -> str:
    """Return what our own mail system called the message, as far as the report gives it back."""
    about = anatomy.status.message if anatomy.status else Headers()
    return (
        about.get("X-Postfix-Queue-ID")
        or about.get("Original-Envelope-Id")
        or fields.get("Original-Envelope-Id")
    )
