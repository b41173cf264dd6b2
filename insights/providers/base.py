"""What all readers of payloads share: their errors, their result, and keys of what they report."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from insights.reports import Report

LONGEST_RESPONSE_CHARS = 2000  # what is kept of an answer; the longest real ones have about 700
CLOCK_AHEAD_LIMIT = timedelta(days=1)  # a clock further ahead than this is simply wrong
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_THREE_DIGITS = re.compile(r"[0-9]{3}")
_SMTP_CODES = range(200, 600)  # RFC 5321 4.2.1; some providers invent codes beyond


class PayloadError(Exception):
    """A payload that cannot be read at all. It stays in the inbox, with this reason."""


class SignatureError(Exception):
    """A payload that is not signed, or not by the one who knows the secret."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a payload that could not be read; the other parts count all the same."""

    place: str  # such as "events[3]"
    reason: str  # a sentence for whoever looks at the inbox


@dataclass(frozen=True, slots=True)
class Reading:
    """What one payload says."""

    reports: tuple[Report, ...]
    problems: tuple[Problem, ...] = ()


def natural_key(*parts: object) -> uuid.UUID:
    """Return a key that is the same for the same parts, in this order, and for no others."""
    text = json.dumps([str(part) for part in parts], ensure_ascii=True, separators=(",", ":"))
    return uuid.UUID(bytes=hashlib.sha256(text.encode("ascii")).digest()[:16])


def storable(value: object) -> str:
    """Return a text from a payload as any database can hold it; empty if it is no text."""
    if not isinstance(value, str):
        return ""
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def smtp_code(value: object) -> int | None:
    """Return an SMTP reply code that a payload gives as a number or as digits, else None."""
    if isinstance(value, str) and _THREE_DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value in _SMTP_CODES:
        return value
    return None


def moment(value: object, *, received_at: datetime) -> datetime | None:
    """Return a time that a payload gives as UTC; None if it is none, or cannot be true."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    given = value if value.tzinfo else value.replace(tzinfo=UTC)
    true = _EARLIEST <= given <= received_at + CLOCK_AHEAD_LIMIT
    return given.astimezone(UTC) if true else None
