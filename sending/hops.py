"""From which address mail came: what servers write into it, and what they say in a dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email import message_from_bytes
from email.utils import format_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

# RFC 5321 4.4 and 4.1.3: the address in brackets is the one that the connection came from.
_LITERAL: Final = r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]"
_FROM_CLAUSE: Final = re.compile(r"\s*from\s(.*?)(?:\sby\s|\Z)", re.DOTALL | re.IGNORECASE)
_IN_BRACKETS: Final = re.compile(_LITERAL)
# How large providers and several MTAs answer EHLO: "at your service, [192.0.2.1]", "Hello [..]".
_TOLD: Final = re.compile(rf"\b(?:hello|service)\b[^\[]*{_LITERAL}", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[^!-'*-Z^-~]")  # what could end or disguise a Received line


def received_line(*, peer: str, helo: str, by: str, at: datetime) -> bytes:
    """Return the line that the server `by` puts on top of mail that came in from `peer`."""
    literal = f"[IPv6:{peer}]" if ":" in peer else f"[{peer}]"
    named = _UNSAFE.sub("?", helo) or "unknown"
    line = f"Received: from {named} ({literal})\r\n by {by} with ESMTP; {format_datetime(at)}\r\n"
    return line.encode("ascii", "replace")


def came_from(mail: bytes, *, expected: str) -> str:
    """Return the address that mail arrived from, by its Received lines; empty if none tells.

    The topmost decides: the one of the server where it arrived. Steps inside of that server's
    machine are passed over, unless the machine itself is what is expected.
    """
    within = ip_address(expected).is_loopback
    for address in _hops(mail):
        if within or not address.is_loopback:
            return str(address)
    return ""


def told_by(lines: Iterable[str]) -> str:
    """Return our address as a server told it in the lines of a dialogue; empty if it did not."""
    for line in lines:
        found = _TOLD.search(line)
        address = _read(found[1]) if found else None
        if address is not None:
            return str(address)
    return ""


def same(one: str, other: str) -> bool:
    """Say whether two texts are the same address, however it is written."""
    return _read(one) is not None and _read(one) == _read(other)


def _hops(mail: bytes) -> Iterator[IPv4Address | IPv6Address]:
    for line in message_from_bytes(mail).get_all("Received", []):
        clause = _FROM_CLAUSE.match(str(line))
        literals = _IN_BRACKETS.findall(clause[1]) if clause else []
        addresses = [address for address in map(_read, literals) if address is not None]
        if addresses:
            yield addresses[-1]  # the name given in HELO may be an address too, and comes first


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
