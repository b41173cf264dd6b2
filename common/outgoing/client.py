"""One HTTP request to an address that was typed in, within limits and only to the public network.

The name is resolved here, every address of it is checked, and the connection is made to a checked
address: a name that points elsewhere a moment later changes nothing. Certificate and Host header
are those of the name. Redirects are not followed, no proxy, cookie or login of ours is used.
"""

from __future__ import annotations

import functools
import ipaddress
import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import dns.exception
import dns.resolver
import httpcore

from common.outgoing.networks import IPAddress, IPNetwork, is_among, is_public
from common.outgoing.streams import CheckedBackend, Deadline
from common.outgoing.web_addresses import (
    DEFAULT_PORTS,
    WebAddress,
    WebAddressError,
    parse_web_address,
)

LONGEST_LOOKUP_SECONDS: Final = 5.0
LOWEST_FREE_PORT: Final = 1024  # below it listen mail servers and the like, which are not for us


class OutgoingError(Exception):
    """There is no answer; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may take in all, and how much of the answer is read."""

    seconds: float = 15.0
    answer_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes  # its beginning, as far as the limit allows


class OutgoingClient:
    """Makes requests to public addresses, and to `networks` that are allowed beside them.

    Unencrypted requests go to those networks alone. `resolver` and `ssl_context` are those of the
    system unless given.
    """

    def __init__(
        self,
        *,
        networks: Collection[IPNetwork] = (),
        resolver: dns.resolver.Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._networks = networks
        self._resolver = resolver
        self._ssl_context = ssl_context

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        limits: Limits | None = None,
    ) -> Answer:
        """Return the answer to one request, a redirect too. Raises OutgoingError without one."""
        limits = limits or Limits()
        deadline = Deadline(time.monotonic() + limits.seconds)
        try:
            address = parse_web_address(url)
        except WebAddressError as error:
            raise OutgoingError(str(error)) from error
        backend = CheckedBackend(self._checked(address, deadline), deadline)
        try:
            with httpcore.ConnectionPool(self._context(address), network_backend=backend) as pool:
                return _exchange(pool, _request(method, address, headers or {}, body), limits)
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise OutgoingError(f"No answer within {limits.seconds:g} seconds.") from error
        except httpcore.ConnectError as error:
            raise OutgoingError(f"No connection to {address.host}: {error}.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            said = str(error) or "the connection was closed"
            raise OutgoingError(f"The answer broke off: {said}.") from error

    def _context(self, address: WebAddress) -> ssl.SSLContext | None:
        if address.scheme != "https":
            return None
        return self._ssl_context or _public_authorities()

    def _checked(self, address: WebAddress, deadline: Deadline) -> Sequence[str]:
        """Return the IP addresses to connect to, all of them checked. Raises OutgoingError."""
        found = [address.ip] if address.ip else self._resolved(address.host, deadline)
        for ip in found:
            self._check(address, ip)
        return [str(ip) for ip in found]

    def _check(self, address: WebAddress, ip: IPAddress) -> None:
        if is_among(ip, self._networks):
            return
        if not is_public(ip):
            _refuse(f"{address.host} leads to {ip}, which is not a public address.")
        if address.scheme != "https":
            _refuse("Only encrypted addresses are allowed: use https://.")
        if address.port != DEFAULT_PORTS["https"] and address.port < LOWEST_FREE_PORT:
            _refuse(f"Port {address.port} is not for web servers.")

    def _resolved(self, host: str, deadline: Deadline) -> list[IPAddress]:
        lifetime = min(LONGEST_LOOKUP_SECONDS, deadline.left())
        try:
            resolver = self._resolver or dns.resolver.Resolver()
            answers = resolver.resolve_name(f"{host}.", lifetime=lifetime)
        except dns.exception.DNSException as error:
            raise OutgoingError(f"The name {host} cannot be resolved.") from error
        return [ipaddress.ip_address(text) for text in answers.addresses()]


@functools.cache
def _public_authorities() -> ssl.SSLContext:
    """Return the context that trusts the public authorities; reading those takes a while."""
    return httpcore.default_ssl_context()


def _request(
    method: str, address: WebAddress, headers: Mapping[str, str], body: bytes
) -> httpcore.Request:
    sent: dict[bytes | str, bytes | str] = {
        "Host": address.authority,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    sent.update(headers.items())
    return httpcore.Request(
        method,
        httpcore.URL(
            scheme=address.scheme.encode(),
            host=address.host.encode(),
            port=address.port,
            target=address.target.encode(),
        ),
        headers=sent,
        content=body,
    )


def _exchange(pool: httpcore.ConnectionPool, request: httpcore.Request, limits: Limits) -> Answer:
    response = pool.handle_request(request)
    try:
        return Answer(response.status, _texts(response), _beginning(response, limits.answer_bytes))
    finally:
        response.close()


def _texts(response: httpcore.Response) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }


def _beginning(response: httpcore.Response, size: int) -> bytes:
    read = b""
    for piece in response.iter_stream():
        read += piece
        if len(read) >= size:
            return read[:size]
    return read


def _refuse(reason: str) -> NoReturn:
    raise OutgoingError(reason)
