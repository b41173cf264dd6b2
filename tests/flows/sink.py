"""A fast SMTP server in a thread that keeps every message it accepted, exactly as it came."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
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
    """What the server accepted so far. `delay` is slept (by the loop) before each final answer.

    `most_at_once` has, by domain, how many connections at the most were at work on mail for it, and
    `most_over_one` how many messages for it one connection brought.
    """

    def __init__(self, *, answer: Answer | None, delay: float | Callable[[str], float]) -> None:
        self.answer = answer or (lambda _address: None)
        self.delay = delay
        self.most_at_once: Counter[str] = Counter()
        self.most_over_one: Counter[str] = Counter()
        self.at_once: Counter[str] = Counter()
        self.kept: list[Kept] = []
        self.port = 0
        self.changed = threading.Condition()

    def keep(self, message: Kept) -> None:
        """Remember an accepted message."""
        with self.changed:
            self.kept.append(message)
            self.changed.notify_all()

    def begin(self, domain: str) -> None:
        """Note that one more connection is at work on mail for a domain."""
        self.at_once[domain] += 1
        self.most_at_once[domain] = max(self.most_at_once[domain], self.at_once[domain])

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
        self._mail_from = self._rcpt_to = self._at_work_on = ""
        self._brought: Counter[str] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._peer = transport.get_extra_info("peername")[0]
        self._transport.write(b"220 sink ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def _finish(self) -> None:
        if self._at_work_on:
            self._sink.at_once[self._at_work_on] -= 1
            self._at_work_on = ""

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
            self._at_work_on = address.partition("@")[2]
            self._sink.begin(self._at_work_on)
            refusal = self._sink.answer(address)
            if refusal:
                self._finish()
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
        domain = self._rcpt_to.partition("@")[2]
        self._brought[domain] += 1
        self._sink.most_over_one[domain] = max(
            self._sink.most_over_one[domain], self._brought[domain]
        )
        delay = self._sink.delay
        if delay := delay(self._rcpt_to) if callable(delay) else delay:
            self._thinking = True
            asyncio.get_running_loop().call_later(delay, self._answer_late)
        else:
            self._finish()
            self._transport.write(ACCEPTED)
        return True

    def _answer_late(self) -> None:
        self._finish()
        self._transport.write(ACCEPTED)
        self._thinking = False
        self._go_on()


@contextlib.contextmanager
def running_sink(
    *,
    answer: Answer | None = None,
    delay: float | Callable[[str], float] = 0.0,
    host: str = "127.0.0.1",
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
