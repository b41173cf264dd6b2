"""Mail that only so many connections may carry at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable

Connection = Hashable  # whoever carries messages one after the other


class Lane:
    """The mail of one sending IP to one provider, over all transports that it is fed to.

    `slots` is how many connections may carry it at once, None any number; it may change at any
    time, also from another thread. A connection holds a slot from a message's first command to its
    answer. After `good_until` (of the steady clock) no slot may be taken any more.
    `messages_per_connection` is how many of these messages one connection carries before it is
    closed; 0 is any number. `load` counts the messages that are fed and have no answer yet, `done`
    those that have one.
    """

    __slots__ = ("_carriers", "_wakers", "done", "good_until", "load", "messages_per_connection",
                 "slots")  # fmt: skip

    def __init__(self, *, slots: int | None = None, messages_per_connection: int = 0) -> None:
        """Begin with no message."""
        self.slots = slots
        self.messages_per_connection = messages_per_connection
        self.good_until = math.inf
        self.load = 0
        self.done = 0
        self._carriers: dict[Connection, int] = {}
        self._wakers: set[Callable[[], None]] = set()

    @property
    def in_use(self) -> int:
        """How many connections carry its messages now."""
        return len(self._carriers)

    @property
    def waiting(self) -> int:
        """How many messages are fed and not on a connection."""
        return self.load - sum(self._carriers.values())

    def carried_by(self, connection: Connection) -> bool:
        """Say whether a connection holds a slot."""
        return connection in self._carriers

    def admits(self, connection: Connection | None) -> bool:
        """Say whether a connection may take a message now; None is one that has none yet.

        Who holds a slot goes on in it, unless there have become fewer.
        """
        if self.slots is None:
            return True
        if time.monotonic() > self.good_until:
            return False
        used = len(self._carriers)
        return used < self.slots or (used == self.slots and connection in self._carriers)

    def enter(self, connection: Connection) -> None:
        """Note that a connection begins a message."""
        self._carriers[connection] = self._carriers.get(connection, 0) + 1

    def leave(self, connection: Connection) -> None:
        """Note that a message of a connection is answered, or was taken from it."""
        left = self._carriers[connection] - 1
        if left:
            self._carriers[connection] = left
        else:
            del self._carriers[connection]
            self.wake()

    def tell(self, waker: Callable[[], None]) -> None:
        """Call `waker` from now on whenever a slot may have become free."""
        self._wakers.add(waker)

    def forget(self, waker: Callable[[], None]) -> None:
        """Call it no more."""
        self._wakers.discard(waker)

    def wake(self) -> None:
        """Tell the transports to look whether there is a slot for what waits."""
        for waker in self._wakers:
            waker()
