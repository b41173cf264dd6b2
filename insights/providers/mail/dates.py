"""Dates as reports write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_JOURNEY: Final = timedelta(days=30)  # queues give up after 5 days; some mailboxes wait
CLOCK_SKEW: Final = timedelta(minutes=5)


def parse_date(value: str) -> datetime | None:
    """Return an aware moment, or None for what is no date."""
    try:
        moment = parsedate_to_datetime(value[:100].split("(", maxsplit=1)[0].strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def believable(moments: list[datetime | None], *, received_at: datetime) -> datetime:
    """Return the first moment that can be true, or when the mail came in.

    A report that is delivered twice keeps its own dates, so that both give the same moment.
    """
    for moment in moments:
        if moment and received_at - LONGEST_JOURNEY <= moment <= received_at + CLOCK_SKEW:
            return moment
    return received_at
