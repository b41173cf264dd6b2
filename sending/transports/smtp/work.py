"""The messages that wait for a connection, and what a connection asks of whoever keeps them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sending.transports.base import Answer, Envelope, Receipt, Stage

if TYPE_CHECKING:
    from sending.transports.smtp.session import Session


@dataclass(slots=True)
class Work:
    """One message, where its receipt goes, and on how many connections it was begun in vain."""

    envelope: Envelope
    on_receipt: Callable[[Receipt], None]
    tries: int = 0


class Backlog:
    """Fed iterators in their order, and before them the messages that came back."""

    __slots__ = ("_feeds", "_returned")

    def __init__(self) -> None:
        """Start empty."""
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

        An iterator that raises is given up, and its error raised here.
        """
        if self._returned:
            return self._returned.popleft()
        while self._feeds:
            feed = self._feeds[0]
            try:
                envelope = next(feed[0], None)
            except Exception:
                self._feeds.remove(feed)
                raise
            if envelope is not None:
                return Work(envelope, feed[1])
            self._feeds.remove(feed)
        return None


class Supply(Protocol):
    """Where a connection gets its messages from, and whom it tells what became of them."""

    def next_work(self) -> Work | None:
        """Return the next message, or None if there is none for now."""

    def handing_over(self, work: Work) -> None:
        """Note that the body is about to be written. Raises OSError if that cannot be noted."""

    def settle(
        self, work: Work, answer: Answer, *, stage: Stage, code: int | None, response: str
    ) -> None:
        """Give a message its receipt."""

    def put_back(self, work: Work, *, stage: Stage, reason: str) -> None:
        """Take back a message whose body did not leave."""

    def session_ended(self, session: Session, *, reason: str, in_vain: bool) -> None:
        """Note the end of a connection; `in_vain` if it had messages and answered not one."""
