"""Addresses of the web, read strictly: what two readers could understand differently is refused."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import idna

from common.outgoing.networks import IPAddress

LONGEST_CHARS: Final = 2_000
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
HIGHEST_PORT: Final = 65_535
_UNFIT: Final = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_PATH_CHARS: Final = "/%:@!$&'()*+,;=~-._"
_QUERY_CHARS: Final = _PATH_CHARS + "?"


class WebAddressError(ValueError):
    """This is no address that requests may go to; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where a request goes."""

    scheme: str  # https or http
    host: str  # in ASCII and small letters; an IPv6 address without brackets
    port: int
    target: str  # path and query, as they are sent

    @property
    def ip(self) -> IPAddress | None:
        """The IP address that the host is, None for a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_web_address(text: str) -> WebAddress:
    """Return the parts of an https or http address. Raises WebAddressError."""
    if len(text) > LONGEST_CHARS:
        raise WebAddressError(f"The address is longer than {LONGEST_CHARS:,} characters.")
    if _UNFIT.search(text):
        raise WebAddressError("The address must not hold spaces, backslashes or line breaks.")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise WebAddressError(f"This is no web address: {error}.") from error
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise WebAddressError("Give a whole address that begins with https://.")
    if "@" in parts.netloc:
        raise WebAddressError("The address must not hold a user name or a password.")
    if parts.fragment:
        raise WebAddressError("Leave out the part behind #: it is never sent.")
    if port == 0:
        raise WebAddressError("There is no port 0.")
    target = quote(parts.path or "/", safe=_PATH_CHARS)
    query = f"?{quote(parts.query, safe=_QUERY_CHARS)}" if parts.query else ""
    return WebAddress(
        parts.scheme, _host(host), port or DEFAULT_PORTS[parts.scheme], target + query
    )


def _host(host: str) -> str:
    """Return a host in the one form that it is looked up and checked in."""
    try:
        return ipaddress.ip_address(host).compressed if "%" not in host else _refuse(host)
    except ValueError:
        return _name(host)


def _name(host: str) -> str:
    try:
        name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        _refuse(host)
    labels = name.removesuffix(".").split(".")
    # A last label of digits, or of 0x and digits, is an IP address to some readers.
    if not all(_LABEL.match(label) for label in labels) or labels[-1][0].isdigit():
        _refuse(host)
    return name.removesuffix(".")


def _refuse(host: str) -> str:
    raise WebAddressError(f"“{host}” is no name of a server.")
