"""Which messages have been here before, so that what happens once happens once."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 100_000  # messages; the oldest are forgotten beyond that


class FirstTimes:
    """Remembers messages by return path and address: with VERP that names one message."""

    def __init__(self, *, limit: int = REMEMBERED) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._limit = limit

    def is_first(self, mail_from: str, rcpt_to: str) -> bool:
        """Return whether this message was not asked about before, and remember it."""
        key = (mail_from, rcpt_to)
        if key in self._seen:
            self._seen.move_to_end(key)
            return False
        self._seen[key] = None
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)
        return True
