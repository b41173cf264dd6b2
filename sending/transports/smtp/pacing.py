"""Holds messages back to an agreed rate."""

from __future__ import annotations

BURST_SECONDS = 0.1  # of the rate may go at once: even enough for any provider's per-second count


class TokenBucket:
    """Lets `rate_per_second` messages through, in bursts of at most a tenth of a second's worth."""

    __slots__ = ("_filled_at", "_rate", "_size", "_tokens")

    def __init__(self, *, rate_per_second: float, now: float) -> None:
        """Start full; `now` is any steady clock in seconds."""
        self._rate = rate_per_second
        self._size = max(1.0, rate_per_second * BURST_SECONDS)
        self._tokens = self._size
        self._filled_at = now

    def wait_seconds(self, *, now: float) -> float:
        """Return how long until one message may go; 0.0 when one may go now."""
        self._tokens = min(self._size, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return max(0.0, (1.0 - self._tokens) / self._rate)

    def take(self) -> None:
        """Count one message as gone."""
        self._tokens -= 1.0
