"""How many connections there are: opens them while there is work, replaces and closes them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from sending.transports.base import Stage
from sending.transports.smtp.conversation import ConversationError
from sending.transports.smtp.opening import open_conversation
from sending.transports.smtp.session import Session
from sending.transports.smtp.settings import SmtpSettings
from sending.transports.smtp.supply import Supply

FAILURES_ALLOWED = 3  # connections in a row that came to nothing, until what waits is given back
FIRST_PAUSE_SECONDS = 0.25  # after a connection that came to nothing; doubles each time
LONGEST_PAUSE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Connections:
    """Keeps up to `settings.connections` sessions at work.

    One connection is opened alone; only when it stands do others follow, as many at a time as
    there are already. So a server that is down sees one attempt at a time, and a wrong password is
    tried once.
    """

    def __init__(
        self,
        supply: Supply,
        *,
        settings: SmtpSettings,
        has_work: Callable[[], bool],
        on_unreachable: Callable[[ConversationError], None],
    ) -> None:
        """Start with none. `on_unreachable` is told why when no connection can be had."""
        self.failures = 0  # in a row; whoever sees the server answer a message sets it to 0
        self._supply = supply
        self._settings = settings
        self._has_work = has_work
        self._on_unreachable = on_unreachable
        self._loop = asyncio.get_running_loop()
        self._sessions: set[Session] = set()
        self._openings: set[asyncio.Task[None]] = set()
        self._paused_until = 0.0
        self._wakeup: asyncio.TimerHandle | None = None
        self._closed = False
        self._emptied = asyncio.Event()

    def serve(self) -> None:
        """Put idle connections to work, and open more while there is work for them."""
        for session in list(self._sessions):
            if session.is_idle:
                session.go_on()
        if self._closed or any(session.is_idle for session in self._sessions):
            return
        while self._has_work() and self._has_room():
            if (pause := self._paused_until - self._loop.time()) > 0:
                self.serve_in(pause)
                return
            opening = self._loop.create_task(self._open())
            self._openings.add(opening)
            opening.add_done_callback(self._opened)

    def serve_in(self, seconds: float) -> None:
        """Serve again after that time, or earlier if that was already asked for."""
        time = self._loop.time() + seconds
        if self._wakeup is not None and time < self._wakeup.when():
            self._wakeup.cancel()
            self._wakeup = None
        if self._wakeup is None and not self._closed:
            self._wakeup = self._loop.call_at(time, self._woken)

    def ended(self, session: Session, *, reason: str, in_vain: bool) -> None:
        """Forget a connection; one that ended in vain counts as a failure."""
        self._sessions.discard(session)
        if not self._sessions:
            self._emptied.set()
        if in_vain:
            self._failed(ConversationError(Stage.MAIL, None, reason, lasting=False))
        self._loop.call_soon(self.serve)

    async def aclose(self, *, within: float) -> None:
        """Let the sessions finish and say QUIT; after `within` seconds hang up."""
        self._closed = True
        if self._wakeup is not None:
            self._wakeup.cancel()
        for opening in self._openings:
            opening.cancel()
        for session in list(self._sessions):
            session.leave()
        self._emptied.clear()
        if self._sessions:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), timeout=within)
        for session in list(self._sessions):
            session.end("The transport was closed.")
        await asyncio.sleep(0)  # so that the event loop can drop the sockets

    def _has_room(self) -> bool:
        taken = len(self._sessions) + len(self._openings)
        at_once = max(1, len(self._sessions))
        return taken < self._settings.connections and len(self._openings) < at_once

    async def _open(self) -> None:
        """Open one connection and put it to work."""
        try:
            conversation, offers = await open_conversation(self._settings)
            session = Session(self._supply, settings=self._settings, offers=offers)
            conversation.hand_over(session.line)
        except ConversationError as error:
            self._failed(error)
        except Exception as error:
            logger.exception("A connection to %s failed unexpectedly", self._settings.host)
            problem = f"The connection could not be made: {error}."
            self._failed(ConversationError(Stage.CONNECT, None, problem, lasting=True))
        else:
            self._sessions.add(session)
            session.go_on()

    def _opened(self, opening: asyncio.Task[None]) -> None:
        self._openings.discard(opening)
        self.serve()

    def _woken(self) -> None:
        self._wakeup = None
        self.serve()

    def _failed(self, error: ConversationError) -> None:
        """Wait before the next attempt; give up when several failed, or another cannot help."""
        self.failures += 1
        doublings = min(self.failures, 10) - 1
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**doublings)
        self._paused_until = self._loop.time() + pause
        logger.warning(
            "A connection to %s port %d came to nothing (%s): %s %s",
            self._settings.host,
            self._settings.port,
            error.stage,
            error.code or "",
            error.response,
        )
        if not self._sessions and (error.lasting or self.failures >= FAILURES_ALLOWED):
            self._on_unreachable(error)
