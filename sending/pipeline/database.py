"""Calls to the database from the event loop, which must not wait for them itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from django.db import connection

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class DatabaseThread:
    """A thread with a connection of its own, in which one call is made after the other."""

    executor: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="ledger")
    )

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, lambda: function(*args, **kwargs))

    async def caught_up(self) -> None:
        """Return when all that was asked for until now is done.

        Before a claim, so that what servers have answered is heeded, and no queue of batches grows
        that are sent but not written.
        """
        await self.call(lambda: None)

    async def close(self) -> None:
        await self.call(_close_connection)
        self.executor.shutdown()


def _close_connection() -> None:
    connection.close()  # looked up here, in the thread whose connection it is
