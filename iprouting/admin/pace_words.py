"""How an IP that is slowed down goes on, in words."""

from __future__ import annotations


def slow_words(rate_per_minute: int | None, connections: int | None) -> str:
    """Return how many messages a minute and connections may go, such as "10 a minute"."""
    words = []
    if rate_per_minute is not None:
        words.append(f"{rate_per_minute:,} a minute")
    if connections is not None:
        words.append(f"{connections:,} connection" + ("" if connections == 1 else "s"))
    return ", ".join(words)
