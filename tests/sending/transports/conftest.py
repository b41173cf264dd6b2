"""What the tests of the transports share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from sending.transports.smtp import connections
from tests.sending.transports.delivering import LIMIT_SECONDS
from tests.sending.transports.providing import Provider


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine try again soon."""
    monkeypatch.setattr(connections, "FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(connections, "LONGEST_PAUSE_SECONDS", 0.04)


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Return a function that runs a coroutine to its end, within a bounded time."""

    def run_it(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(asyncio.wait_for(coroutine, LIMIT_SECONDS))

    return run_it


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Run a provider on this host."""
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()
    thread.join(5)
