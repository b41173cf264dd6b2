"""What warm-up leaves of a batch: today's room, taken before anything is handed over."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import warmup.operations.reservations
from campaigns.ledger import ClaimedRecipient
from warmup.queries import Room


def take_room(
    by_ip: dict[int, list[ClaimedRecipient]],
    rooms: Mapping[int, Room],
    *,
    owner: uuid.UUID,
    now: datetime,
) -> list[int]:
    """Reserve for what is planned through warming IPs; return whom others were quicker than.

    Those are taken out of `by_ip`, from its end: the most engaged come first in it. An IP for which
    nobody is left is taken out too.
    """
    wanted = {
        ip_id: [row.provider for row in rows] for ip_id, rows in by_ip.items() if ip_id in rooms
    }
    if not wanted:
        return []
    granted = warmup.operations.reservations.reserve(wanted, owner=owner, now=now)
    surplus: list[int] = []
    for ip_id, by_provider in granted.items():
        by_ip[ip_id], over = _cut(by_ip[ip_id], by_provider)
        surplus += over
        if not by_ip[ip_id]:
            del by_ip[ip_id]
    return surplus


def _cut(
    rows: Sequence[ClaimedRecipient], granted: Mapping[str, int]
) -> tuple[list[ClaimedRecipient], list[int]]:
    """Return the rows that may go, the first ones of each provider, and the ids of the others."""
    left = dict(granted)
    kept, over = [], []
    for row in rows:
        if left.get(row.provider):
            left[row.provider] -= 1
            kept.append(row)
        else:
            over.append(row.id)
    return kept, over


def day_ends(ip_ids: Collection[int], rooms: Mapping[int, Room], *, until: datetime) -> datetime:
    """Return when what was reserved through these IPs is over, if that is before `until`.

    What is handed over after midnight counts for the next day, and is to be reserved of it.
    """
    ends = [rooms[ip_id].returns_at for ip_id in ip_ids if ip_id in rooms]
    return min([until, *(end for end in ends if end is not None)])


def room_ends(rooms: Mapping[int, Room]) -> datetime | None:
    """Return when the day is over of which warming IPs have room left; None if none has any."""
    ends = [room.returns_at for room in rooms.values() if room.left]
    return max((end for end in ends if end is not None), default=None)
