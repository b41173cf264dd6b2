"""The same thing done by several at once, each on a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(action: Callable[[], T], *, times: int) -> list[T]:
    """Return what `times` threads get that begin together."""
    gate = threading.Barrier(times)

    def act(_: int) -> T:
        gate.wait(10)
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(act, range(times)))
