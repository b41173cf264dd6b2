"""A script in Valkey that all workers run, and that is left alone while Valkey does not answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import redis

TIMEOUT_SECONDS: Final = 0.25
TRY_AGAIN_SECONDS: Final = 5.0  # until Valkey is asked again after it did not answer
PROCESSES: Final = 8  # reckoned with when Valkey is lost: each keeps to so much of what is shared


class SharedScript:
    """One Lua script on one server."""

    def __init__(
        self, url: str, script: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Connect to nothing yet."""
        client: Any = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        self._run = client.register_script(script)
        self._monotonic = monotonic
        self._ask_again_at = float("-inf")

    def ask(self, keys: Sequence[str], arguments: Sequence[float | str]) -> list[Any] | None:
        """Return what the script returns, or None if Valkey does not answer, or just did not."""
        if self._monotonic() < self._ask_again_at:
            return None
        try:
            answer: list[Any] = self._run(keys=list(keys), args=list(arguments))
        except (redis.RedisError, OSError):
            self._ask_again_at = self._monotonic() + TRY_AGAIN_SECONDS
            return None
        return answer
