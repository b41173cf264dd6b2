"""An SMTP dialogue held one command at a time: the opening, and a test message."""

from __future__ import annotations

import asyncio
import enum
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from sending.transports.base import Answer, Stage
from sending.transports.smtp.replies import (
    NOT_SMTP,
    ReplyParser,
    answer_of,
    quoted,
    response_text,
)


class Speaker(enum.StrEnum):
    """Who said a line of a dialogue."""

    CLIENT = "client"
    SERVER = "server"


Listener = Callable[[Speaker, str], None]


class ConversationError(Exception):
    """The dialogue cannot go on: what the server said, or a sentence of ours with code None.

    `lasting` is true when the next connection would end the same way.
    """

    def __init__(self, stage: Stage, code: int | None, response: str, *, lasting: bool) -> None:
        """Keep what a receipt needs."""
        super().__init__(response)
        self.stage = stage
        self.code = code
        self.response = response
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete answer of the server."""

    code: int
    text: str

    @property
    def is_positive(self) -> bool:
        """Say whether the command was done."""
        return answer_of(self.code) is Answer.ACCEPTED

    def required(self, stage: Stage) -> Reply:
        """Return this reply if it is positive. Raises ConversationError if it is not."""
        if self.is_positive:
            return self
        lasting = answer_of(self.code) is Answer.REFUSED
        raise ConversationError(stage, self.code, self.text, lasting=lasting)


class Conversation(asyncio.Protocol):
    """Commands out, replies in, one after the other.

    `listener` hears every line of both sides, secrets masked.
    """

    def __init__(self, *, listener: Listener | None = None) -> None:
        """Wait for the connection."""
        self._parser = ReplyParser()
        self._replies: deque[tuple[int, bytes]] = deque()
        self._arrival: asyncio.Event = asyncio.Event()
        self._listener = listener
        self._lost = ""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to the server."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Wake whoever waits for a reply."""
        self._replies.extend(self._parser.feed(data))
        if self._replies:
            self._arrival.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits in vain."""
        self._lost = f"The connection was lost: {exc}." if exc else "The server hung up."
        self._arrival.set()

    async def listen(self, stage: Stage, *, within: float) -> Reply:
        """Return the next reply.

        Raises ConversationError after `within` seconds, at the end of the connection, and when what
        comes is no SMTP.
        """
        try:
            async with asyncio.timeout(within):
                await self._arrival.wait()
        except TimeoutError:
            problem = f"The server did not answer within {within:g} seconds."
            raise ConversationError(stage, None, problem, lasting=False) from None
        if not self._replies:
            raise ConversationError(stage, None, self._lost, lasting=False)
        code, text = self._replies.popleft()
        if not self._replies and not self._lost:
            self._arrival.clear()
        if code == NOT_SMTP:
            problem = f"The server sent {quoted(text)}, which is no SMTP reply."
            raise ConversationError(stage, None, problem, lasting=False)
        return self._heard(Reply(code, response_text(text)))

    async def ask(
        self, stage: Stage, command: str, *, within: float, shown: str | None = None
    ) -> Reply:
        """Send a command and return the reply to it; `shown` is what the listener hears instead."""
        self.say(command.encode() + b"\r\n", shown=command if shown is None else shown)
        return await self.listen(stage, within=within)

    def say(self, data: bytes, *, shown: str) -> None:
        """Write to the server, if it is still there; whoever listens next hears if it is not."""
        if self._lost:
            return
        if self._listener:
            self._listener(Speaker.CLIENT, shown)
        self.transport.write(data)

    async def start_tls(self, context: ssl.SSLContext, *, server_name: str, within: float) -> None:
        """Encrypt the connection. Raises ConversationError if client and server cannot agree."""
        if self._replies or self._parser.rest:
            problem = "The server sent unencrypted text where TLS was to begin."
            raise ConversationError(Stage.TLS, None, problem, lasting=True)
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                self.transport,
                self,
                context,
                server_hostname=server_name,
                ssl_handshake_timeout=within,
            )
        except ssl.SSLCertVerificationError as error:
            problem = f"The server's certificate was not accepted: {error.verify_message}."
            raise ConversationError(Stage.TLS, None, problem, lasting=True) from None
        except (OSError, ssl.SSLError) as error:
            problem = f"TLS could not be agreed on: {error}."
            raise ConversationError(Stage.TLS, None, problem, lasting=False) from None
        if secured is None:
            raise ConversationError(Stage.TLS, None, "The server hung up.", lasting=False)
        self.transport = secured

    def close(self) -> None:
        """Close at once, if it is still open."""
        if not self.transport.is_closing():
            self.transport.abort()

    def hand_over(self, protocol: asyncio.BaseProtocol) -> None:
        """Give the connection to another protocol.

        Raises ConversationError if it is lost already, or the server spoke without being asked.
        """
        if self._replies:
            code, text = self._replies.popleft()
            raise ConversationError(Stage.EHLO, code, response_text(text), lasting=False)
        if self._lost or self.transport.is_closing():
            raise ConversationError(Stage.EHLO, None, self._lost, lasting=False)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)

    def _heard(self, reply: Reply) -> Reply:
        if self._listener:
            *lines, last = reply.text.split("\n")
            for line in lines:
                self._listener(Speaker.SERVER, f"{reply.code}-{line}")
            self._listener(Speaker.SERVER, f"{reply.code} {last}")
        return reply
