"""Requests at a fixed rate over kept-open connections: an open loop, as the world is.

A request is due at its time whether or not those before it were answered, and its latency counts
from then: a server that stalls is seen to stall for everybody who came meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

ANSWER_SECONDS = 10.0  # without an answer for so long, a request counts as unanswered
_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36"
)
_BROKEN = (OSError, EOFError, ValueError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request; `status` 0 and no meaning in `seconds` if there was no answer."""

    number: int  # of the request
    status: int
    seconds: float


class _Connection:
    """One connection that is opened when it is first needed, and anew when it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """Return the status of the answer. Raises one of _BROKEN where there is none."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(x[15:]) for x in lines if x.startswith(b"content-length:")), 0)
        if length:
            await reader.readexactly(length)
        if b"connection: close" in lines:
            await self.close()
        return int(lines[0].split()[1])

    async def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        streams, self._streams = self._streams, None
        if streams:
            streams[1].close()
            with contextlib.suppress(*_BROKEN):
                await streams[1].wait_closed()


async def send(paths: Sequence[str], *, port: int, rate: float, connections: int) -> list[Answer]:
    """Ask for each path at its time, `rate` a second, and return what came of it."""
    loop = asyncio.get_running_loop()
    idle: asyncio.Queue[_Connection] = asyncio.Queue()
    everybody = [_Connection(port) for _ in range(connections)]
    for connection in everybody:
        idle.put_nowait(connection)
    begin = loop.time() + 0.1

    async def one(number: int, path: str) -> Answer:
        due = begin + number / rate
        await asyncio.sleep(due - loop.time())
        connection = await idle.get()
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {_AGENT}\r\n"
            "Accept: image/avif,image/webp,*/*\r\nAccept-Encoding: gzip\r\n\r\n"
        )
        try:
            status = await asyncio.wait_for(connection.ask(request.encode()), ANSWER_SECONDS)
            return Answer(number, status, loop.time() - due)
        except _BROKEN:
            await connection.close()
            return Answer(number, 0, 0.0)
        finally:
            idle.put_nowait(connection)

    answers = await asyncio.gather(*(one(number, path) for number, path in enumerate(paths)))
    for connection in everybody:
        await connection.close()
    return answers
