"""The transport: a few threads, each with a mail backend of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from anymail.exceptions import AnymailUnsupportedFeature
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from sending.transports.anymail.message import django_message
from sending.transports.anymail.results import Outcome, outcome_of, outcome_of_error
from sending.transports.base import Answer, Envelope, Journal, Receipt, Stage
from sending.transports.lanes import Lane
from sending.transports.work import Backlog, Work, give_receipt

DEFAULT_CONNECTIONS = 8
CLOSING_SECONDS = 35.0  # anymail waits 30 for a provider's answer

# What some providers cannot be told, and what is then left out rather than the message refused.
DISPENSABLE = ("envelope_sender", "metadata", "track_opens", "track_clicks")

logger = logging.getLogger(__name__)


class AnymailTransport:
    """Sends through a Django mail backend. Belongs to the event loop it was made in.

    `backend` is its dotted path, `options` what it is made with, such as the provider's key;
    `clock` says when a receipt was given, as an aware UTC datetime.
    """

    def __init__(
        self,
        backend: str,
        options: Mapping[str, Any],
        *,
        journal: Journal,
        clock: Callable[[], datetime],
        connections: int = DEFAULT_CONNECTIONS,
    ) -> None:
        """Start no thread yet: the first message does."""
        self._backend = backend
        self._options = dict(options)
        self._journal = journal
        self._clock = clock
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog(self._loop)
        self._threads = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="anymail")
        self._thread_local = threading.local()
        self._backends: list[BaseEmailBackend] = []
        self._unsupported: frozenset[str] = frozenset()
        self._under_way: dict[asyncio.Task[None], Work] = {}
        self._lanes: set[Lane] = set()
        self._closed = False

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
        self._loop.call_soon(self._share_out)

    async def aclose(self, *, within: float = CLOSING_SECONDS) -> None:
        """Give back what was not begun and wait for the answers owed, but not for ever."""
        self._closed = True
        problem = "The transport was closed before this message's turn."
        for work in self._backlog.drained():
            self._settle(work, Outcome(Answer.UNREACHED, Stage.CONNECT, problem))
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=within)
        for task, work in list(self._under_way.items()):
            task.cancel()
            problem = "The transport was closed before the provider answered."
            self._settle(work, Outcome(Answer.IN_DOUBT, Stage.BODY, problem))
        self._threads.shutdown(wait=False, cancel_futures=True)
        for backend in self._backends:
            backend.close()
        for lane in self._lanes:
            lane.forget(self._wake)

    def _wake(self) -> None:
        self._loop.call_soon(self._share_out)

    def _share_out(self) -> None:
        """Begin as many messages as there are free threads."""
        while len(self._under_way) < self._connections and not self._closed:
            work = self._backlog.pull(object())
            if work is None:
                return
            task = self._loop.create_task(self._deliver(work))
            self._under_way[task] = work
            task.add_done_callback(self._delivered)

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._share_out()

    async def _deliver(self, work: Work) -> None:
        """Send one message and give its receipt."""
        try:
            self._journal.handing_over(work.envelope.recipient_id)
        except Exception as error:
            problem = f"The journal could not be written: {error}."
            self._settle(work, Outcome(Answer.UNREACHED, Stage.CONNECT, problem))
            return
        self._settle(work, await self._loop.run_in_executor(self._threads, self._send, work))

    def _settle(self, work: Work, outcome: Outcome) -> None:
        receipt = Receipt(
            recipient_id=work.envelope.recipient_id,
            answer=outcome.answer,
            stage=outcome.stage,
            code=None,
            enhanced_code="",
            response=outcome.response,
            queue_id=outcome.message_id,
            answered_at=self._clock(),
        )
        give_receipt(receipt, work, journal=self._journal, loop=self._loop)

    def _send(self, work: Work) -> Outcome:
        """Send one message with this thread's backend. Runs in a thread; raises nothing."""
        try:
            backend = self._backend_of_this_thread()
            message = django_message(work.envelope)
        except Exception as error:
            logger.warning("A message could not be prepared for %s", self._backend, exc_info=error)
            return Outcome(Answer.UNREACHED, Stage.CONNECT, f"Nothing was sent: {error}")
        try:
            return outcome_of(message, sent_count=self._send_supported(backend, message))
        except Exception as error:
            logger.info("A provider did not take a message: %s", error)
            return outcome_of_error(error, message=message)

    def _send_supported(self, backend: BaseEmailBackend, message: EmailMultiAlternatives) -> int:
        """Send, leaving out what is dispensable and this provider cannot be told."""
        for feature in self._unsupported:
            vars(message).pop(feature, None)
        try:
            return backend.send_messages([message]) or 0
        except AnymailUnsupportedFeature as error:
            said, chosen = str(error), vars(message)
            unknown = {name for name in DISPENSABLE if name in said and name in chosen}
            if not unknown:
                raise
            self._unsupported = self._unsupported | unknown
        return self._send_supported(backend, message)

    def _backend_of_this_thread(self) -> BaseEmailBackend:
        """Return a backend whose HTTP session stays open between messages."""
        backend: BaseEmailBackend | None = getattr(self._thread_local, "backend", None)
        if backend is None:
            backend = get_connection(self._backend, fail_silently=False, **self._options)
            backend.open()
            self._thread_local.backend = backend
            self._backends.append(backend)
        return backend
