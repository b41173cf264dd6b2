"""Which warm-up day it is, from what happened on the days before."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date

LONGEST_IDLE_DAYS = 30  # mailbox providers forget an IP that rests for longer


class Status(enum.StrEnum):
    """Where a warm-up stands."""

    SCHEDULED = "scheduled"  # begins at a moment yet to come
    ACTIVE = "active"
    PAUSED = "paused"  # nothing leaves through the IP
    COMPLETED = "completed"  # the IP is warm
    ABORTED = "aborted"


OPEN = frozenset({Status.SCHEDULED, Status.ACTIVE, Status.PAUSED})


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a schedule stands on a local date.

    `used` is how much was sent on `on_date`; `stopped` says that it was paused on that date.
    `last_sent_date` is the last date before on which anything was sent.
    """

    day: int
    on_date: date
    used: int = 0
    stopped: bool = False
    last_sent_date: date | None = None


def on_date(progress: Progress, today: date) -> Progress:
    """Return where a schedule stands today; asked any number of times the answer is the same.

    The day counts on by one if anything was sent on the date before, however long ago that was,
    and the IP was not stopped on it. After more than 30 idle days it goes back to half. A date
    that lies before is left alone: a clock that was set back takes nothing away.
    """
    if today <= progress.on_date:
        return progress
    counts = progress.used > 0 and not progress.stopped
    day = progress.day + 1 if counts else progress.day
    last = progress.on_date if progress.used else progress.last_sent_date
    if last is not None and (today - last).days > LONGEST_IDLE_DAYS:
        day = max(1, day // 2)
        last = None  # said once: the half is not halved again tomorrow
    return Progress(day, today, last_sent_date=last)
