"""So many messages a minute for each key, shared by all workers through Valkey; no framework.

A token bucket a key. Where Valkey does not answer, every process keeps to a share of its own: mail
never stops for that, and never goes without a limit.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from iprouting.scripts import PROCESSES, SharedScript

BURST_SECONDS: Final = 10.0  # of a rate that may go at once after a pause
KEY_PREFIX: Final = "mailwright:pace:"
# Keys: buckets. Arguments: time now, then for each a rate a second, its size, how many are wanted.
# Returns for each how many are granted, and in how many milliseconds the next one is there. Nothing
# wanted only looks. Clocks of workers differ a little: time never runs backwards in a bucket.
_TAKE: Final = """
local now, answers = tonumber(ARGV[1]), {}
for i, key in ipairs(KEYS) do
    local rate, size = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    local wanted = tonumber(ARGV[3 * i + 1])
    local kept = redis.call('HMGET', key, 'tokens', 'at')
    local tokens, at = tonumber(kept[1]) or size, tonumber(kept[2]) or now
    if at > now + size / rate + 60 then at = now end
    tokens = math.min(size, tokens + math.max(0, now - at) * rate)
    local granted = math.min(wanted, math.floor(tokens))
    tokens = tokens - granted
    if wanted > 0 then
        redis.call('HSET', key, 'tokens', tostring(tokens), 'at', tostring(math.max(now, at)))
        redis.call('EXPIRE', key, math.ceil(size / rate) + 60)
    end
    answers[#answers + 1] = granted
    answers[#answers + 1] = math.ceil(math.max(0, 1 - tokens) / rate * 1000)
end
return answers
"""


class Wish(NamedTuple):
    """How many messages somebody wants to send, of how many a minute that may go."""

    rate_per_minute: float
    messages: int = 0


class Grant(NamedTuple):
    """How many may go now, and in how many seconds the next one may."""

    messages: int
    wait_seconds: float


class Throttle:
    """Buckets in Valkey, and those of this process for when it is lost."""

    def __init__(self, url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._script = SharedScript(url, _TAKE, monotonic=monotonic)
        self._own: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, wishes: Mapping[str, Wish], *, at: float) -> dict[str, Grant]:
        """Return what is granted of each wish at a time (in seconds); no wish is refused for good.

        A wish for nothing takes nothing, and tells when something may go.
        """
        if not wishes:
            return {}
        granted = self._shared(wishes, at=at)
        if granted is not None:
            return granted
        with self._lock:
            return {key: self._of_own(key, wish, at=at) for key, wish in wishes.items()}

    def _shared(self, wishes: Mapping[str, Wish], *, at: float) -> dict[str, Grant] | None:
        arguments: list[float] = [at]
        for wish in wishes.values():
            rate = wish.rate_per_minute / 60
            arguments += [rate, _size(rate), wish.messages]
        answers = self._script.ask([KEY_PREFIX + key for key in wishes], arguments)
        if answers is None:
            return None
        pairs = zip(answers[::2], answers[1::2], strict=True)
        return {
            key: Grant(int(count), int(wait) / 1000)
            for key, (count, wait) in zip(wishes, pairs, strict=True)
        }

    def _of_own(self, key: str, wish: Wish, *, at: float) -> Grant:
        """Return the same from the bucket of this process, which holds its share of the rate."""
        rate = wish.rate_per_minute / 60 / PROCESSES
        tokens, since = self._own.get(key, (1.0, at))
        tokens = min(_size(rate), tokens + max(0.0, at - since) * rate)
        granted = min(wish.messages, int(tokens))
        self._own[key] = (tokens - granted, at)
        return Grant(granted, max(0.0, 1 - (tokens - granted)) / rate)


def _size(rate: float) -> float:
    """Return how many tokens a bucket holds; less than one message would be none for ever."""
    return max(1.0, rate * BURST_SECONDS)


@functools.cache
def shared_throttle(url: str) -> Throttle:
    """Return the throttle of this process for a Valkey server."""
    return Throttle(url)
