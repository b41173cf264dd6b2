"""Header sections, read with patience: damaged, undeclared, folded in the wrong way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.errors import HeaderParseError
from email.header import decode_header

from insights.providers.mail.charsets import decode_bytes
from insights.providers.mail.limits import HEADER_CHARACTERS, READ_HEADERS, RETURNED_CHARACTERS

_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]{0,8}:(.*)", re.DOTALL)
_FOLD = re.compile(r"\n[ \t]*")


class Headers:
    """One header section: names are case-blind, values unfolded and decoded when asked for."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = tuple((name.lower(), value) for name, value in fields)[:READ_HEADERS]

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __contains__(self, name: str) -> bool:
        return any(field == name.lower() for field, _ in self._fields)

    def get(self, name: str) -> str:
        """Return the first header of a name, decoded, or an empty text."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Return every header of a name, decoded, in their order."""
        return [decoded(value) for field, value in self._fields if field == name.lower()]

    def raw(self, name: str) -> str:
        """Return the first header of a name as it stands, or an empty text."""
        return next((value for field, value in self._fields if field == name.lower()), "")

    def names(self) -> frozenset[str]:
        """Return the names there are, in lower case."""
        return frozenset(name for name, _ in self._fields)


def decoded(raw: str) -> str:
    """Return a header value on one line, its encoded words (RFC 2047) decoded where possible."""
    value = _FOLD.sub(" ", raw[:HEADER_CHARACTERS]).strip()
    if not value.isascii():
        value = decode_bytes(value.encode("utf-8", "surrogateescape"), "")
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError, LookupError):
        return value
    return "".join(_piece(text, charset) for text, charset in pieces)


def _piece(text: str | bytes, charset: str | None) -> str:
    return text if isinstance(text, str) else decode_bytes(text, charset or "")


def read_headers(text: str) -> Headers:
    """Return the header section at the beginning of a text: up to its first empty line."""
    section = text[:RETURNED_CHARACTERS].lstrip("\n").partition("\n\n")[0]
    return Headers(fields_of(section))


def fields_of(section: str) -> list[tuple[str, str]]:
    """Return (name, value) of each field; a line that is none continues the field before it."""
    fields: list[tuple[str, str]] = []
    for line in section.split("\n"):
        found = None if line[:1].isspace() else _FIELD.match(line[:HEADER_CHARACTERS])
        if found:
            fields.append((found[1], found[2].strip()))
        elif fields and line.strip():
            name, value = fields[-1]
            joined = f"{value} {line.strip()}" if len(value) < HEADER_CHARACTERS else value
            fields[-1] = (name, joined)
    return fields
