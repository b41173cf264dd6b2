"""The transport: what waits to be sent, and a receipt for everything that was fed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime

from sending.transports.base import Answer, Envelope, Journal, Receipt, Stage
from sending.transports.lanes import Lane
from sending.transports.smtp.connections import Connections
from sending.transports.smtp.conversation import ConversationError
from sending.transports.smtp.pacing import TokenBucket
from sending.transports.smtp.replies import enhanced_code, queue_id
from sending.transports.smtp.session import Session
from sending.transports.smtp.settings import SmtpSettings
from sending.transports.smtp.wire import address_problem
from sending.transports.work import Backlog, Work, give_receipt

HANDOVER_TRIES = 3  # connections that may break under one message before its body leaves
CLOSING_SECONDS = 15.0  # for the answers still owed and the goodbyes


class SmtpTransport:
    """Sends to one SMTP server. Belongs to the event loop that was running when it was made.

    `clock` says when a receipt was given, as an aware UTC datetime.
    """

    def __init__(
        self, settings: SmtpSettings, *, journal: Journal, clock: Callable[[], datetime]
    ) -> None:
        """Open nothing yet: the first message does."""
        self._journal = journal
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog(self._loop)
        self._connections = Connections(
            self,
            settings=settings,
            has_work=lambda: bool(self._backlog),
            on_unreachable=self._unreachable,
        )
        rate = settings.rate_per_second
        self._bucket = TokenBucket(rate_per_second=rate, now=self._loop.time()) if rate else None
        self._lanes: set[Lane] = set()
        self._waking = self._closed = False

    def feed(
        self,
        envelopes: Iterator[Envelope],
        *,
        on_receipt: Callable[[Receipt], None],
        lane: Lane | None = None,
    ) -> None:
        """Add messages to the work; see `Transport.feed`. Raises RuntimeError once closed."""
        if self._closed:
            raise RuntimeError("The transport is closed.")
        if lane is not None:
            lane.tell(self._wake)
            self._lanes.add(lane)
        self._backlog.add(envelopes, on_receipt=on_receipt, lane=lane)
        self._loop.call_soon(self._connections.serve)

    async def aclose(self, *, within: float = CLOSING_SECONDS) -> None:
        """Give back what was not begun, wait for the answers owed, say QUIT, then hang up."""
        self._closed = True
        self._give_back(Stage.CONNECT, None, "The transport was closed before this message's turn.")
        await self._connections.aclose(within=within)
        for lane in self._lanes:
            lane.forget(self._wake)

    def next_work(self, session: Session) -> Work | None:
        """Return the next message whose addresses can be said, or None if none may go now."""
        if self._bucket is None:
            return self._next_sayable(session)
        wait = self._bucket.wait_seconds(now=self._loop.time())
        if wait > 0:
            self._connections.serve_in(wait)
            return None
        work = self._next_sayable(session)
        if work is not None:
            self._bucket.take()
        return work

    def handing_over(self, work: Work) -> None:
        """Note in the journal that the body is about to be written."""
        self._journal.handing_over(work.envelope.recipient_id)

    def settle(
        self, work: Work, answer: Answer, *, stage: Stage, code: int | None, response: str
    ) -> None:
        """Give a message its receipt: to the journal first, then to whoever fed it."""
        receipt = Receipt(
            work.envelope.recipient_id,
            answer,
            stage,
            code,
            enhanced_code(response) if code is not None else "",
            response,
            queue_id(response) if answer is Answer.ACCEPTED else "",
            self._clock(),
        )
        if code is not None and answer is not Answer.UNREACHED:
            self._connections.failures = 0
        give_receipt(receipt, work, journal=self._journal, loop=self._loop)

    def put_back(self, work: Work, *, stage: Stage | None, reason: str) -> None:
        """Let another connection try a message, or give it up after several broke under it.

        A connection that broke under the message before costs it no try: it costs that one.
        """
        if stage is not None:
            work.tries += 1
        if self._closed or work.tries >= HANDOVER_TRIES:
            response = f"{reason} The message was not handed over (try {work.tries})."
            self.settle(
                work, Answer.UNREACHED, stage=stage or Stage.MAIL, code=None, response=response
            )
        else:
            self._backlog.put_back(work)

    def session_ended(self, session: Session, *, reason: str, in_vain: bool) -> None:
        """Note the end of a connection."""
        self._connections.ended(session, reason=reason, in_vain=in_vain)

    def _wake(self) -> None:
        """Look soon whether a connection may take what waited for a slot."""
        if not self._waking:
            self._waking = True
            self._loop.call_soon(self._woken)

    def _woken(self) -> None:
        self._waking = False
        self._connections.serve()

    def _next_sayable(self, session: Session) -> Work | None:
        while (work := self._backlog.pull(session)) is not None:
            problem = address_problem(work.envelope)
            if problem is None:
                return work
            stage, response = problem
            self.settle(work, Answer.REFUSED, stage=stage, code=None, response=response)
        return None

    def _unreachable(self, error: ConversationError) -> None:
        self._give_back(error.stage, error.code, error.response)

    def _give_back(self, stage: Stage, code: int | None, response: str) -> None:
        """Let everything that waits now go back unsent; what is fed meanwhile stays."""
        waiting, self._backlog = self._backlog, Backlog(self._loop)
        for work in waiting.drained():
            self.settle(work, Answer.UNREACHED, stage=stage, code=code, response=response)
