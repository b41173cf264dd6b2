"""A mail server that only counts, in a process of its own: `python -m bench.receiver`.

It prints its port, and for each line that it is given, as JSON, how many messages it took so far,
for how many addresses, and how many of these are at domains that begin with `gmail`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, cast

END: Final = b"\r\n.\r\n"
GMAIL: Final = b"@gmail"


@dataclass(slots=True)
class Taken:
    """What came in."""

    messages: int = 0
    at_gmail: int = 0
    addresses: set[bytes] = field(default_factory=set)

    def take(self, address: bytes) -> None:
        """Count a message."""
        self.messages += 1
        self.at_gmail += GMAIL in address
        self.addresses.add(address)

    def said(self) -> str:
        """Return the counts as JSON."""
        counts = {"messages": self.messages, "at_gmail": self.at_gmail}
        return json.dumps({**counts, "people": len(self.addresses)})


class _Connection(asyncio.Protocol):
    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._buffer = bytearray()
        self._in_body = False
        self._address = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 receiver ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = []
        while answer := self._next():
            answers.append(answer)
        self._transport.write(b"".join(answers))

    def _next(self) -> bytes:
        """Return the answer to what came next, nothing if it is not complete."""
        line, end, rest = self._buffer.partition(END if self._in_body else b"\r\n")
        if not end:
            return b""
        self._buffer = rest
        if self._in_body:
            self._in_body = False
            self._taken.take(self._address)
            return b"250 2.0.0 Ok: counted\r\n"
        return self._answer(bytes(line))

    def _answer(self, line: bytes) -> bytes:
        match line[:4].upper():
            case b"EHLO":
                return b"250-receiver\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"
            case b"RCPT":
                self._address = line[line.index(b"<") + 1 : line.index(b">")]
            case b"DATA":
                self._in_body = True
                return b"354 Go on\r\n"
            case b"QUIT":
                return b"221 2.0.0 Bye\r\n"
        return b"250 2.0.0 Ok\r\n"


class Receiver:
    """The receiving process, seen from outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def counts(self) -> dict[str, int]:
        """Return what it counted so far."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, int] = json.loads(self._line())
        return found

    def _line(self) -> str:
        assert self._process.stdout
        line: str = self._process.stdout.readline()
        return line


@contextlib.contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Yield a receiver that listens on a free port of the loopback."""
    command = [sys.executable, "-m", "bench.receiver"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Receiver(process)
        finally:
            process.kill()


async def serve() -> None:
    """Take mail, and answer whoever asks for the counts, until nobody can ask any more."""
    taken, loop = Taken(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(taken), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(taken.said(), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
