"""The messages that wait in a transport, and how each gets its receipt."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sending.transports.base import Envelope, Journal, Receipt
from sending.transports.lanes import Connection, Lane


@dataclass(slots=True)
class Work:
    """One message, where its receipt goes, and on how many connections it was begun in vain.

    One of a lane names it, and the connection that carries it.
    """

    envelope: Envelope
    on_receipt: Callable[[Receipt], None]
    tries: int = 0
    lane: Lane | None = None
    connection: Connection = None

    def put_down(self) -> None:
        """Note that its connection does not carry it any more."""
        if self.lane is not None and self.connection is not None:
            self.lane.leave(self.connection)
            self.connection = None


class _Queue:
    """Fed iterators in their order, and before them the messages that came back."""

    __slots__ = ("_feeds", "_loop", "returned")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._feeds: deque[tuple[Iterator[Envelope], Callable[[Receipt], None]]] = deque()
        self.returned: deque[Work] = deque()

    def __bool__(self) -> bool:
        return bool(self._feeds or self.returned)

    def add(self, envelopes: Iterator[Envelope], *, on_receipt: Callable[[Receipt], None]) -> None:
        self._feeds.append((envelopes, on_receipt))

    def pull(self) -> Work | None:
        if self.returned:
            return self.returned.popleft()
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


class Backlog:
    """What waits in a transport: mail of lanes, each in a queue of its own, and all other."""

    __slots__ = ("_free", "_lanes", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start empty; what goes wrong is reported to `loop`."""
        self._loop = loop
        self._free = _Queue(loop)
        self._lanes: dict[Lane, _Queue] = {}

    def __bool__(self) -> bool:
        """Say whether there may be a message that one more connection could take.

        An iterator does not tell before it is asked.
        """
        if self._free:
            return True
        return any(queue and lane.admits(None) for lane, queue in self._lanes.items())

    def add(
        self,
        envelopes: Iterator[Envelope],
        *,
        on_receipt: Callable[[Receipt], None],
        lane: Lane | None = None,
    ) -> None:
        """Put an iterator behind what is already waiting, in its lane if it has one."""
        self._queue(lane).add(envelopes, on_receipt=on_receipt)

    def put_back(self, work: Work) -> None:
        """Put a message that a connection had begun before everything else."""
        work.put_down()
        self._queue(work.lane).returned.append(work)

    def pull(self, connection: Connection) -> Work | None:
        """Return the next message for a connection, or None when nothing waits that it may take.

        Mail of lanes goes first: fewer connections may carry it. An iterator that raises is given
        up, and its error reported.
        """
        if self._lanes and (work := self._of_lanes(connection)) is not None:
            return work
        return self._free.pull()

    def drained(self) -> Iterator[Work]:
        """Yield all that waits, whatever lanes allow."""
        for lane, queue in [*self._lanes.items(), (None, self._free)]:
            while (work := queue.pull()) is not None:
                work.lane = lane
                yield work

    def _queue(self, lane: Lane | None) -> _Queue:
        if lane is None:
            return self._free
        return self._lanes.setdefault(lane, _Queue(self._loop))

    def _of_lanes(self, connection: Connection) -> Work | None:
        """Return the next message of a lane, best of the one that the connection is in already."""
        own = [lane for lane in self._lanes if lane.carried_by(connection)]
        for lane in [*own, *(lane for lane in self._lanes if lane not in own)]:
            if not lane.admits(connection):
                continue
            work = self._lanes[lane].pull()
            if work is None:
                del self._lanes[lane]
                continue
            work.lane, work.connection = lane, connection
            lane.enter(connection)
            return work
        return None


def give_receipt(
    receipt: Receipt, work: Work, *, journal: Journal, loop: asyncio.AbstractEventLoop
) -> None:
    """Give a receipt to the journal and then to whoever fed the message.

    An error of either is reported and not raised: the other messages must not suffer from it.
    """
    if work.lane is not None:
        work.put_down()
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
