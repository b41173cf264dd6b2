"""A listener for one message alone, which notes from which address it arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

# Whoever else comes meanwhile keeps the mail and tries again, when the real server listens.
_NOT_THIS: Final = "451 4.3.2 Only a test message is taken here just now, try again later"
_TAKEN: Final = "250 2.0.0 Seen"
IDLE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen; port 0 is any that is free."""

    host: str
    port: int


@dataclass(slots=True)
class Arrival:
    """Takes the message that holds `mark` and remembers its peer."""

    mark: bytes
    port: int = 0
    peer: str = ""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(  # noqa: N802  aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Note where the message comes from; any other is to come again later."""
        content = envelope.original_content or b""
        peer: object = session.peer  # (address, port, ...) of TCP, whatever aiosmtpd declares
        if self.mark not in content or not isinstance(peer, tuple):
            return _NOT_THIS
        self.peer = str(peer[0])
        self.arrived.set()
        return _TAKEN

    async def wait(self, seconds: float) -> str:
        """Return the address that the message arrived from, or empty if it did not in time."""
        try:
            await asyncio.wait_for(self.arrived.wait(), seconds)
        except TimeoutError:
            return ""
        return self.peer


@asynccontextmanager
async def waiting(place: Place, *, mark: bytes) -> AsyncIterator[Arrival]:
    """Listen at a place for the message that holds `mark`. Raises OSError if that is impossible."""
    arrival = Arrival(mark)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(arrival, enable_SMTPUTF8=True, ident="Mailwright", timeout=IDLE_SECONDS),
        place.host,
        place.port,
    )
    arrival.port = server.sockets[0].getsockname()[1]
    try:
        yield arrival
    finally:
        server.close()
