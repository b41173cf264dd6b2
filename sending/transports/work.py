"""The messages that wait in a transport, and how each gets its receipt."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sending.transports.base import Envelope, Journal, Receipt


@dataclass(slots=True)
class Work:
    """One message, where its receipt goes, and on how many connections it was begun in vain."""

    envelope: Envelope
    on_receipt: Callable[[Receipt], None]
    tries: int = 0


class Backlog:
    """Fed iterators in their order, and before them the messages that came back."""

    __slots__ = ("_feeds", "_loop", "_returned")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start empty; what goes wrong is reported to `loop`."""
        self._loop = loop
        self._feeds: deque[tuple[Iterator[Envelope], Callable[[Receipt], None]]] = deque()
        self._returned: deque[Work] = deque()

    def __bool__(self) -> bool:
        """Say whether there may be a message: an iterator does not tell before it is asked."""
        return bool(self._feeds or self._returned)

    def add(self, envelopes: Iterator[Envelope], *, on_receipt: Callable[[Receipt], None]) -> None:
        """Put an iterator behind what is already waiting."""
        self._feeds.append((envelopes, on_receipt))

    def put_back(self, work: Work) -> None:
        """Put a message that a connection had begun before everything else."""
        self._returned.append(work)

    def pull(self) -> Work | None:
        """Return the next message, or None when nothing waits.

        An iterator that raises is given up, and its error reported.
        """
        if self._returned:
            return self._returned.popleft()
        while self._feeds:
            feed = self._feeds[0]
            try:
                envelope = next(feed[0], None)
            except Exception as error:
                envelope = None
                report(self._loop, "Messages could not be made; the rest is given up.", error)
            if envelope is not None:
                return Work(envelope, feed[1])
            self._feeds.remove(feed)
        return None


def give_receipt(
    receipt: Receipt, work: Work, *, journal: Journal, loop: asyncio.AbstractEventLoop
) -> None:
    """Give a receipt to the journal and then to whoever fed the message.

    An error of either is reported and not raised: the other messages must not suffer from it.
    """
    try:
        journal.answered(receipt)
    except Exception as error:
        report(loop, "A receipt could not be written to the journal.", error)
    try:
        work.on_receipt(receipt)
    except Exception as error:
        report(loop, "A receipt could not be delivered.", error)


def report(loop: asyncio.AbstractEventLoop, message: str, error: Exception) -> None:
    """Tell the event loop of an error that nobody awaits."""
    loop.call_exception_handler({"message": message, "exception": error})
