"""A server for mail that comes in by SMTP or LMTP: known addresses only, stored before answered.

Whatever goes wrong here is a reason to try again later, never one to give the mail back.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import DatabaseError, InterfaceError, close_old_connections, connections, transaction

import insights.operations.inbox
import sending.queries.addressees
from insights.events import Source
from sending import hops
from sending.conf import Door

logger = logging.getLogger(__name__)

LARGEST_MAIL_BYTES: Final = 25 * 1024 * 1024  # as by HTTP
LONGEST_LINE_BYTES: Final = 256 * 1024  # RFC 5321 allows 1000; what comes back has longer ones
MOST_CONNECTIONS: Final = 100
MOST_RECIPIENTS: Final = 100  # RFC 5321 4.5.3.1.8
MOST_COMMANDS: Final = 1_000  # of one kind in one connection; then it has to come anew
IDLE_SECONDS: Final = 120.0

_TAKEN = "250 2.0.0 Stored"
_UNKNOWN = "550 5.1.1 There is no such address here"
_TOO_MANY = "452 4.5.3 Too many recipients, send the others apart"
_AGAIN = "451 4.3.0 This cannot be stored now, try again later"
_BUSY = b"421 4.3.2 Too many connections, try again later\r\n"


class _Envelope(Envelope):
    """An envelope that remembers whose mail it is."""

    def __init__(self) -> None:
        super().__init__()
        self.owners: dict[str, int] = {}  # organization by address


class Inlet:
    """Answers for the commands of one server; all that asks the database is done in one thread."""

    def __init__(
        self, *, clock: Callable[[], datetime], most_recipients: int, traced: bool
    ) -> None:
        self._clock = clock
        self._traced = traced
        self._most_recipients = most_recipients
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inlet")

    async def handle_EHLO(  # noqa: N802  aiosmtpd's
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Return what is offered: nobody logs in here."""
        session.host_name = hostname
        return [line for line in responses if not line.startswith("250-AUTH")]

    async def handle_RCPT(  # noqa: N802  aiosmtpd's
        self,
        server: SMTP,
        session: Session,
        envelope: _Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        """Return whether mail to an address is taken."""
        if len(envelope.owners) >= self._most_recipients:
            return _TOO_MANY
        try:
            owner = await self._ask(lambda: sending.queries.addressees.organization_of(address))
        except (DatabaseError, InterfaceError) as error:
            return _try_again(error)
        if owner is None:
            return _UNKNOWN
        envelope.owners[address] = owner
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's
        self, server: SMTP, session: Session, envelope: _Envelope
    ) -> str:
        """Store a mail for each of its recipients and return that it is; all of them or none."""
        try:
            trace = self._trace(server, session)
            await self._ask(lambda: self._store(envelope, trace))
        except (DatabaseError, InterfaceError) as error:
            return _try_again(error)
        return _TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """Return what is said when anything else fails."""
        return _try_again(error)

    async def close(self) -> None:
        """End the thread and its connection to the database."""
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    async def _ask(self, question: Callable[[], Any]) -> Any:
        def asked() -> Any:
            close_old_connections()
            return question()

        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)

    def _trace(self, server: SMTP, session: Session) -> bytes:
        """Return the line that says from which address mail came.

        What comes by LMTP or through a socket file, a server before this one received.
        """
        peer: object = session.peer  # (address, port, ...) of TCP, whatever aiosmtpd declares
        if not self._traced or not isinstance(peer, tuple):
            return b""
        helo = str(session.host_name or "")
        return hops.received_line(
            peer=str(peer[0]), helo=helo, by=server.hostname, at=self._clock()
        )

    def _store(self, envelope: _Envelope, trace: bytes) -> None:
        # RFC 5321 4.4: who delivers finally says at the top where the mail came from.
        sender = (envelope.mail_from or "").strip("<>").encode("utf-8", "surrogateescape")
        body = b"Return-Path: <%b>\r\n%b%b" % (sender, trace, envelope.original_content or b"")
        with transaction.atomic():
            for address, organization_id in envelope.owners.items():
                insights.operations.inbox.store(
                    organization_id,
                    source=Source.MAIL,
                    body=body,
                    envelope_to=address,
                    now=self._clock(),
                )


def _try_again(error: Exception) -> str:
    logger.error("mail could not be stored: %s", error, exc_info=error)
    return _AGAIN


class _Smtp(SMTP):
    """SMTP (RFC 5321); `open_` are the connections there are, which all of them share."""

    line_length_limit = LONGEST_LINE_BYTES

    def __init__(self, inlet: Inlet, *, open_: set[_Smtp], **options: Any) -> None:
        self._open = open_
        super().__init__(inlet, **options)

    def _create_envelope(self) -> _Envelope:
        return _Envelope()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a dialogue, or say that there are too many; called again for encryption."""
        if self not in self._open and len(self._open) >= MOST_CONNECTIONS:
            if isinstance(transport, asyncio.WriteTransport):
                transport.write(_BUSY)
            transport.close()
            return
        self._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End a dialogue, if there was one."""
        if self in self._open:
            self._open.discard(self)
            super().connection_lost(error)


class _Lmtp(_Smtp, LMTP):
    """LMTP (RFC 2033). It has an answer for each recipient, so a mail has one recipient here."""


async def listen(
    door: Door,
    *,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
    ready: Callable[[int], None] = lambda _port: None,
) -> None:
    """Take mail until `stop` is set; `ready` is called with the port once that is possible."""
    most_recipients = 1 if door.lmtp else MOST_RECIPIENTS
    inlet = Inlet(clock=clock, most_recipients=most_recipients, traced=not door.lmtp)
    open_: set[_Smtp] = set()
    tls = tls_context(door)
    server = await _server(door, lambda: _protocol(door, inlet, open_=open_, tls=tls))
    try:
        ready(0 if door.socket else server.sockets[0].getsockname()[1])
        await stop.wait()
    finally:
        server.close()
        await inlet.close()
        await asyncio.sleep(0)  # whoever's mail has just been stored hears of it
        for protocol in list(open_):
            if protocol.transport is not None:
                protocol.transport.close()


async def _server(door: Door, protocol: Callable[[], Any]) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if door.socket:
        return await loop.create_unix_server(protocol, door.socket)
    return await loop.create_server(protocol, door.host, door.port)


def _protocol(door: Door, inlet: Inlet, *, open_: set[_Smtp], tls: ssl.SSLContext | None) -> _Smtp:
    return (_Lmtp if door.lmtp else _Smtp)(
        inlet,
        open_=open_,
        data_size_limit=LARGEST_MAIL_BYTES,
        enable_SMTPUTF8=True,
        hostname=door.name or None,
        ident="Mailwright",
        tls_context=tls,
        timeout=IDLE_SECONDS,
        command_call_limit=MOST_COMMANDS,
        auth_exclude_mechanism=("LOGIN", "PLAIN"),  # nobody logs in here
    )


def tls_context(door: Door) -> ssl.SSLContext | None:
    """Return what encrypts connections, or None where there is no certificate.

    Raises OSError or ssl.SSLError if the files cannot be used.
    """
    if not door.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(door.certificate, door.private_key or None)
    return context
