"""Requests as programs of the world make them, to this machine alone.

Only the status of an answer matters here, so each request has a connection of its own, from the
address of loopback that its program is to have, and what comes after the status line is discarded.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from typing import Final
from urllib.parse import quote, urlsplit

from sandbox.audience.mails import Post
from sandbox.audience.visits import Request

ANSWER_SECONDS: Final = 30.0
TRIES: Final = 20  # of a server that does not listen yet, or is being started anew
PAUSE_SECONDS: Final = 1.0
NO_ANSWER: Final = 0
ELSEWHERE: Final = -1  # the address is not of this machine: nothing was asked
_READ_OCTETS: Final = 65_536


class NoAnswerError(Exception):
    """The server could not be reached, or did not answer in time."""


def is_here(url: str) -> bool:
    """Return whether an address is of this machine, without encryption: others are never asked."""
    parts = urlsplit(url)
    try:
        address = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return False
    return parts.scheme == "http" and address.version == 4 and address.is_loopback  # noqa: PLR2004


async def ask(request: Request) -> int:
    """Return the status of the answer to a request; ELSEWHERE or NO_ANSWER where there is none."""
    if not is_here(request.url):
        return ELSEWHERE
    with contextlib.suppress(NoAnswerError):
        return await _exchange(request.url, _encoded(request), source=request.source)
    return NO_ANSWER


async def post(mail: Post, *, hook: str) -> int:
    """Hand a mail over where mail comes in, and return the status of the answer."""
    url = f"{hook}?to={quote(mail.to)}"
    request = Request("POST", url, "sandbox", "127.0.0.1", "", mail.data, "message/rfc822")
    return await ask(request)


def _encoded(request: Request) -> bytes:
    parts = urlsplit(request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"{request.method} {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        *([f"User-Agent: {request.agent}"] if request.agent else []),
        "Accept: */*",
        "Connection: close",
    ]
    if request.body:
        lines += [f"Content-Type: {request.content_type}", f"Content-Length: {len(request.body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii", "replace") + request.body


async def _exchange(url: str, octets: bytes, *, source: str) -> int:
    """Return the status of the answer. What may have reached the server is not sent again."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS + TRIES * PAUSE_SECONDS):
            reader, writer = await _connected(url, source=source)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await _spoken(reader, writer, octets)
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, IndexError) as error:
        raise NoAnswerError(str(error)) from error


async def _connected(url: str, *, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    for tries in range(TRIES):
        try:
            return await asyncio.open_connection(
                parts.hostname, parts.port or 80, local_addr=(source, 0)
            )
        except ConnectionRefusedError:
            if tries == TRIES - 1:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
    raise ConnectionRefusedError


async def _spoken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, octets: bytes) -> int:
    writer.write(octets)
    await writer.drain()
    status = int((await reader.readline()).split()[1])
    while await reader.read(_READ_OCTETS):
        pass
    return status
