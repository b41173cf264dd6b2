"""A time limit that is moved far more often than it passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `on_passed` once the time last set is over.

    Setting costs no timer: the one that runs looks, when it fires, whether it was moved meanwhile.
    """

    __slots__ = ("_loop", "_on_passed", "_time", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, *, on_passed: Callable[[], None]) -> None:
        """Begin without a limit."""
        self._loop = loop
        self._on_passed = on_passed
        self._time = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Let the limit be `seconds` from now."""
        self._time = self._loop.time() + seconds
        timer = self._timer
        if timer is None:
            self._timer = self._loop.call_at(self._time, self._look)
        elif self._time < timer.when():
            timer.cancel()
            self._timer = self._loop.call_at(self._time, self._look)

    def cancel(self) -> None:
        """Forget the limit."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() < self._time:
            self._timer = self._loop.call_at(self._time, self._look)
        else:
            self._on_passed()
