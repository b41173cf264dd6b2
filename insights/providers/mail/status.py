"""Delivery status reports (RFC 3464): the fields of each recipient, from good and bad reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from insights.providers.mail.addresses import clean_address
from insights.providers.mail.headers import Headers, fields_of
from insights.providers.mail.limits import FINDINGS, NOTICE_CHARACTERS

_NAMING_FIELDS = ("Final-Recipient", "Original-Recipient", "X-Actual-Recipient")
_RECIPIENT_FIELDS = frozenset(name.lower() for name in _NAMING_FIELDS)
_MARK = re.compile(
    r"^(?:Final-Recipient|Original-Recipient|Action|Diagnostic-Code)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_BLOCK = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The fields about the message, and those about each recipient."""

    message: Headers
    recipients: tuple[Headers, ...]


def looks_like_status(text: str) -> bool:
    """Return whether a text holds the fields of a delivery status report, declared or not."""
    found = {mark[0].rstrip(": \t").lower() for mark in _MARK.finditer(text[:NOTICE_CHARACTERS])}
    return len(found) > 1 and bool(found & _RECIPIENT_FIELDS)


def read_status(text: str) -> StatusReport:
    """Return the fields of a delivery status report."""
    blocks = [Headers(fields) for fields in _field_blocks(text)]
    recipients = [block for block in blocks if _is_recipient(block)]
    about_message = next((block for block in blocks if not _is_recipient(block)), Headers())
    return StatusReport(about_message, tuple(recipients[:FINDINGS]))


def recipient_of(fields: Headers) -> str:
    """Return whom the fields are about, as the reporting system names it.

    Where that is no address to mail to (a program, a name inside a network), the address that the
    mail was sent to.
    """
    named = [clean_address(fields.raw(name)) for name in _NAMING_FIELDS]
    mailable = (address for address in named if "." in address.partition("@")[2])
    return next(mailable, "") or next(filter(None, named), "")


def _is_recipient(fields: Headers) -> bool:
    return bool(fields.names() & _RECIPIENT_FIELDS)


def _field_blocks(text: str) -> Iterator[list[tuple[str, str]]]:
    """Yield the fields of each block; a recipient begins a new one even without an empty line."""
    for block in _BLOCK.split(text[:NOTICE_CHARACTERS]):
        current: list[tuple[str, str]] = []
        for name, value in fields_of(block):
            repeated = name.lower() in {"final-recipient", "action"} and any(
                name.lower() == seen.lower() for seen, _ in current
            )
            if repeated:
                yield current
                current = []
            current.append((name, value))
        if current:
            yield current
