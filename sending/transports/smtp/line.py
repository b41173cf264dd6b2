"""The wire of one connection: which step each reply answers, and how long one is waited for."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from typing import Protocol, cast

from sending.transports.smtp.deadline import Deadline
from sending.transports.smtp.replies import ReplyParser
from sending.transports.smtp.settings import SmtpSettings

IDLE_SECONDS = 240.0  # then we say QUIT; servers wait at least 300 (RFC 5321 4.5.3.2.7)
RECEIVED_BYTES = 4096  # of replies that are read at once; one has about 60
QUIT_SECONDS = 5.0  # how long the answer to QUIT is waited for


class Step(enum.IntEnum):
    """What a reply answers."""

    MAIL = 0
    RCPT = 1
    DATA = 2
    BODY = 3
    RSET = 4
    LONE_DOT = 5  # the empty message after a DATA whose recipient had been refused
    QUIT = 6


class LineUser(Protocol):
    """Who decides what is said."""

    def on_reply(self, step: Step, code: int, text: bytes) -> None:
        """Take the reply to a step."""

    def on_unasked(self, code: int, text: bytes) -> None:
        """Take words of the server that answer nothing."""

    def on_written(self) -> None:
        """Note that the kernel now has everything that was said."""

    def on_silence(self, seconds: float) -> None:
        """Note that the server, or we, said nothing for as long as is allowed."""

    def on_closed(self, reason: str) -> None:
        """Note that the connection is gone."""


class Line(asyncio.BufferedProtocol):
    """Matches replies to steps in their order. Knows nothing of messages.

    Has a buffer of its own: else the event loop makes one of 256 KB for every read, and the system
    maps and unmaps memory for it.
    """

    __slots__ = (
        "_deadline", "_expected", "_parser", "_received", "_settings", "_transport", "_user",
        "clogged",
    )  # fmt: skip

    def __init__(self, user: LineUser, *, settings: SmtpSettings) -> None:
        """Wait for the connection."""
        self._user = user
        self._settings = settings
        self._transport: asyncio.Transport
        self._parser = ReplyParser()
        self._received = memoryview(bytearray(RECEIVED_BYTES))
        self._expected: deque[Step] = deque()
        self._deadline = Deadline(asyncio.get_running_loop(), on_passed=self._on_deadline)
        self.clogged = False  # whether the kernel did not take everything that was said

    @property
    def next_step(self) -> Step | None:
        """The step whose reply comes next, or None when none is owed."""
        return self._expected[0] if self._expected else None

    def say(self, data: bytes, *steps: Step) -> None:
        """Write, and expect a reply to each of the steps."""
        self._expected.extend(steps)
        self._transport.write(data)
        self._watch()

    def close(self) -> None:
        """Close at once; replies still owed are given up."""
        self._expected.clear()
        self._deadline.cancel()
        if not self._transport.is_closing():
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection, which is to report as soon as the kernel leaves a byte untaken."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=1, low=0)
        self._watch()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go."""
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        """Give each reply to the step it answers."""
        for code, text in self._parser.feed(bytes(self._received[:nbytes])):
            if self._expected:
                self._user.on_reply(self._expected.popleft(), code, text)
            elif not self._transport.is_closing():
                self._user.on_unasked(code, text)
        if not self._transport.is_closing():
            self._watch()

    def pause_writing(self) -> None:
        """Note that the kernel did not take everything."""
        self.clogged = True

    def resume_writing(self) -> None:
        """Note that it did."""
        self.clogged = False
        self._user.on_written()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the user why."""
        self._deadline.cancel()
        self._user.on_closed(f"The connection was lost: {exc}." if exc else "The server hung up.")

    def _watch(self) -> None:
        self._deadline.set(self._patience())

    def _patience(self) -> float:
        """Return how many seconds of silence are allowed now."""
        if not self._expected:
            return IDLE_SECONDS
        step = self._expected[0]
        if step is Step.BODY:
            return self._settings.body_timeout
        return QUIT_SECONDS if step is Step.QUIT else self._settings.reply_timeout

    def _on_deadline(self) -> None:
        self._user.on_silence(self._patience())
