"""Addresses as they stand in reports: in brackets, quoted, typed, folded, or only half there."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.utils import getaddresses
from typing import Final

MAX_ADDRESSES: Final = 100  # of one header

_LOCAL = r"(?:\"[^\"\s@<>]{1,80}\"|[^\s<>\"'()\[\],;:|@\\][^\s<>\"()\[\],;:|@\\]{0,127})"
_DOMAIN = r"(?:\[[\w.:]{3,60}\]|[^\s<>\"'()\[\],;:|@\\*?!/]{1,253})"
ADDRESS: Final = rf"{_LOCAL}@{_DOMAIN}"
_ADDRESS = re.compile(ADDRESS)
_TYPED = re.compile(
    r"^\s*(?:rfc-?\s?822|utf-?8|x400|x-[\w-]{1,30}|smtp|unknown)\s*;\s*", re.IGNORECASE
)
_SMTP = re.compile(r"^(?:smtp[=:]|mailto:)", re.IGNORECASE)  # of an X.400 attribute, of a link
_ROUTE = re.compile(r"^@[^\s:@]{1,253}:")  # source route (RFC 5321 F.2)


def clean_address(text: str) -> str:
    """Return the address in a field such as `rfc822; <a@example.com>`, or an empty text."""
    plain = _TYPED.sub("", text[:1_000]).strip().strip("<>").strip()
    found = _ADDRESS.search(_ROUTE.sub("", plain))
    return tidy(found[0]) if found else ""


def tidy(address: str) -> str:
    """Return an address without the punctuation of the sentence that it stood in."""
    local, _, domain = _SMTP.sub("", address).partition("@")
    return f"{local}@{domain.partition('..')[0].rstrip('.!?')}"


def addresses_in(text: str) -> list[str]:
    """Return every address in a text, in its order."""
    return [tidy(found[0]) for found in _ADDRESS.finditer(text)]


def addresses_of(values: list[str]) -> list[str]:
    """Return the addresses of header values such as To; empty where there are none."""
    try:
        parsed = getaddresses([value[:4_000] for value in values[:MAX_ADDRESSES]])
    except (ValueError, IndexError, HeaderParseError):
        parsed = []
    found = [address for _, address in parsed if "@" in address]
    return (found or addresses_in(" ".join(values)[:8_000]))[:MAX_ADDRESSES]


def same_address(one: str, other: str) -> bool:
    """Return whether two spellings are one mailbox."""
    return one.lower().strip('"<> ') == other.lower().strip('"<> ')
