"""When the verdict on an open or click is looked at again.

The first time is soon: a scanner is through within seconds. If the time of delivery is known by
then, nothing that comes later changes the verdict but another open or click of the same message,
which brings a look at all of them. Otherwise it is waited for, at growing distances.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from insights.actors.hits import Context, Hit
from insights.actors.scene import LATE_DELIVERY

# After the open or click. Reports of a delivery mostly come within minutes; the last waits for a
# server that could not report for days.
LOOKS: Final = (
    timedelta(minutes=1),
    timedelta(minutes=30),
    timedelta(hours=6),
    timedelta(days=3),
)


def first_look(received_at: datetime) -> datetime:
    """Return when a verdict that fell at this moment is first looked at again."""
    return received_at + LOOKS[0]


def next_look(hit: Hit, context: Context, *, now: datetime) -> datetime | None:
    """Return when to look again after having looked now; None if there is nothing to wait for."""
    if _delivery_is_known(hit, context):
        return None
    return next((hit.at + wait for wait in LOOKS[1:] if hit.at + wait > now), None)


def _delivery_is_known(hit: Hit, context: Context) -> bool:
    delivered_at = context.delivered_at
    return delivered_at is not None and delivered_at - hit.at <= LATE_DELIVERY
