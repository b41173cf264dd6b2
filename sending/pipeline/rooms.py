"""What warm-up leaves of a batch: today's room, taken before anything is handed over."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

import warmup.operations.reservations
from campaigns.ledger import ClaimedRecipient
from warmup.queries import Room


def total_room(rooms: Mapping[int, Room], ip_ids: Collection[int]) -> int | None:
    """Return how many messages all IPs together may still take today; None is any number."""
    if any(ip_id not in rooms for ip_id in ip_ids):
        return None
    return sum(rooms[ip_id].left for ip_id in ip_ids)


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
    wanted = {ip_id: len(rows) for ip_id, rows in by_ip.items() if ip_id in rooms}
    if not wanted:
        return []
    granted = warmup.operations.reservations.reserve(wanted, owner=owner, now=now)
    surplus: list[int] = []
    for ip_id, number in wanted.items():
        count = granted.get(ip_id, number)
        surplus += [row.id for row in by_ip[ip_id][count:]]
        by_ip[ip_id] = by_ip[ip_id][:count]
        if not count:
            del by_ip[ip_id]
    return surplus
