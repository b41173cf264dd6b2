"""The sandbox's SMTP server: connections of asyncio around the dialogue. Loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sandbox.answers import SLOW_SECONDS, Answers
from sandbox.certificate import self_signed_context
from sandbox.dialogue import Dialogue, Offer, Step
from sandbox.judge import Judge
from sandbox.maildir import Maildir

DEFAULT_KEEP = 5000  # messages


class NotLoopbackError(Exception):
    """The sandbox was asked to listen where others could reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How a sandbox server runs. Port 0 takes a free one; without a Maildir nothing is kept.

    Providers take little from `new_ips` at first, and more by and by (sandbox/judge.py).
    """

    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 2525
    maildir: Path | None = None
    keep: int = DEFAULT_KEEP
    seed: int = 1
    slow_seconds: float = SLOW_SECONDS
    offer: Offer = field(default_factory=Offer)
    new_ips: frozenset[str] = frozenset()


def require_loopback(hosts: tuple[str, ...]) -> None:
    """Raise NotLoopbackError unless every host is an address of this machine alone."""
    for host in hosts:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            raise NotLoopbackError(f"{host} is not an IP address, such as 127.0.0.1.") from None
        if not address.is_loopback:
            raise NotLoopbackError(
                f"{host} can be reached from other machines. The sandbox pretends to be mailbox "
                "providers and listens on loopback only (127.0.0.0/8 or ::1)."
            )


class SandboxServer:
    """A running server: where it listens, and what it answered so far."""

    def __init__(self, settings: ServerSettings) -> None:
        require_loopback(settings.hosts)
        self.settings = settings
        self.answers = Answers(
            seed=settings.seed,
            clock=_utc_now,
            slow_seconds=settings.slow_seconds,
            judge=Judge(settings.new_ips, clock=_utc_now) if settings.new_ips else None,
        )
        self.maildir = Maildir(settings.maildir, keep=settings.keep) if settings.maildir else None
        self.tls = self_signed_context(now=_utc_now()) if settings.offer.starttls else None
        self.connections: set[_Connection] = set()
        self.port = settings.port

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[SandboxServer]:
        """Listen while the context is open; open connections are dropped at its end."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Connection(self), list(self.settings.hosts), self.settings.port
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for connection in list(self.connections):
                connection.drop()
            await server.wait_closed()


class _Connection(asyncio.Protocol):
    """One client. Answers in order: while one waits, what follows is left unread."""

    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        self._resume: asyncio.TimerHandle | None = None
        self._upgrade: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")[0]
        self._dialogue = Dialogue(
            self._server.answers, offer=self._server.settings.offer, client_ip=peer
        )
        self._server.connections.add(self)
        self._transport.write(self._dialogue.greeting())

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        if self._resume:
            self._resume.cancel()

    def data_received(self, data: bytes) -> None:
        self._dialogue.receive(data)
        if self._resume is None and self._upgrade is None:
            self._advance()

    def drop(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def _advance(self) -> None:
        """Do every step that what has arrived so far leads to, and say all answers in one write."""
        said = bytearray()
        while (step := self._dialogue.next_step()) is not None:
            if step.wait_seconds:
                self._transport.write(bytes(said))
                self._transport.pause_reading()
                loop = asyncio.get_running_loop()
                self._resume = loop.call_later(step.wait_seconds, self._go_on, step)
                return
            if self._take(step, said):
                return
        if said:
            self._transport.write(bytes(said))

    def _go_on(self, step: Step) -> None:
        self._resume = None
        self._transport.resume_reading()
        said = bytearray()
        if not self._take(step, said):
            self._transport.write(bytes(said))
            self._advance()

    def _take(self, step: Step, said: bytearray) -> bool:
        """Do one step; return whether the conversation ends, or changes over to TLS, here."""
        said += step.reply
        if step.message is not None and self._server.maildir is not None:
            self._server.maildir.add(step.message)
        if step.start_tls or step.hang_up:
            self._transport.write(bytes(said))
        if step.start_tls:
            self._upgrade = asyncio.get_running_loop().create_task(self._start_tls())
        elif step.hang_up:
            self._transport.close()
        return step.start_tls or step.hang_up

    async def _start_tls(self) -> None:
        loop = asyncio.get_running_loop()
        self._dialogue.encrypted()
        try:
            encrypted = await loop.start_tls(
                self._transport, self, cast("ssl.SSLContext", self._server.tls), server_side=True
            )
        except (OSError, ssl.SSLError):
            self._transport.abort()
            return
        if encrypted is None:
            return
        self._transport = encrypted
        self._upgrade = None


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
