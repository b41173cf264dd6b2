"""A fast SMTP server in a thread that keeps every message it accepted, exactly as it came."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

ACCEPTED = b"250 2.0.0 Ok: queued as S1NK\r\n"
Answer = Callable[[str], bytes | None]  # address -> refusal, or None to accept


@dataclass(frozen=True, slots=True)
class Kept:
    """One accepted message."""

    mail_from: str
    rcpt_to: str
    data: bytes
    peer: str


class Sink:
    """What the server accepted so far. `delay` is slept (by the loop) before each final answer."""

    def __init__(self, *, answer: Answer | None, delay: float) -> None:
        self.answer = answer or (lambda _address: None)
        self.delay = delay
        self.kept: list[Kept] = []
        self.port = 0
        self.changed = threading.Condition()

    def keep(self, message: Kept) -> None:
        """Remember an accepted message."""
        with self.changed:
            self.kept.append(message)
            self.changed.notify_all()

    def wait_for(self, count: int, *, seconds: float = 30) -> None:
        """Return when at least `count` messages were accepted."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.kept) >= count, seconds), len(self.kept)

    @property
    def addresses(self) -> list[str]:
        """Whom the accepted messages were for, in order."""
        return [message.rcpt_to for message in self.kept]


class _Connection(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._in_body = self._thinking = False
        self._mail_from = self._rcpt_to = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._peer = transport.get_extra_info("peername")[0]
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._thinking and (self._body() if self._in_body else self._command()):
            pass

    def _command(self) -> bool:
        line, end, rest = bytes(self._buffer).partition(b"\r\n")
        if not end:
            return False
        self._buffer[:] = rest
        self._transport.write(self._reply(line.decode("ascii")))
        return True

    def _reply(self, line: str) -> bytes:
        verb = line[:4].upper()
        if verb == "EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
        if verb == "MAIL":
            self._mail_from, self._rcpt_to = line[line.index("<") + 1 : line.index(">")], ""
            return b"250 2.1.0 Ok\r\n"
        if verb == "RCPT":
            address = line[line.index("<") + 1 : line.index(">")]
            refusal = self._sink.answer(address)
            self._rcpt_to = "" if refusal else address
            return refusal or b"250 2.1.5 Ok\r\n"
        if verb == "DATA":
            self._in_body = bool(self._rcpt_to)
            return b"354 Go on\r\n" if self._rcpt_to else b"554 5.5.1 no valid recipients\r\n"
        if verb == "QUIT":
            return b"221 2.0.0 Bye\r\n"
        return b"250 2.0.0 Ok\r\n"

    def _body(self) -> bool:
        end = self._buffer.find(b"\r\n.\r\n")
        if end < 0:
            return False
        data = bytes(self._buffer[: end + 2]).replace(b"\r\n..", b"\r\n.")
        del self._buffer[: end + 5]
        self._in_body = False
        self._sink.keep(Kept(self._mail_from, self._rcpt_to, data, self._peer))
        if self._sink.delay:
            self._thinking = True
            asyncio.get_running_loop().call_later(self._sink.delay, self._answer_late)
        else:
            self._transport.write(ACCEPTED)
        return True

    def _answer_late(self) -> None:
        self._transport.write(ACCEPTED)
        self._thinking = False
        self._go_on()


@contextlib.contextmanager
def running_sink(
    *, answer: Answer | None = None, delay: float = 0.0, host: str = "127.0.0.1"
) -> Iterator[Sink]:
    """Yield a sink that listens on a free port of an address of this machine."""
    sink = Sink(answer=answer, delay=delay)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = await loop.create_server(lambda: _Connection(sink), host, 0)
        sink.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
