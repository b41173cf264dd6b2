"""A sandbox server in a thread, for tests that talk to it from outside."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from sandbox.server import SandboxServer, ServerSettings


@contextlib.contextmanager
def running_sandbox(settings: ServerSettings) -> Iterator[SandboxServer]:
    """Yield the server while it listens; `server.port` is the real port, also for port 0."""
    server = SandboxServer(settings)
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with server.listening():
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(5), "the sandbox did not start"
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()
