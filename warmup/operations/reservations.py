"""Taking a day's room, and giving back what was not used of it.

A day's row is locked before it is read: any number of workers may ask at once, and each sees what
those before it took. (In one statement the lock and the sum would be of two moments.) All lock the
rows in the same order, so that none waits for another in a circle.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from warmup.models import WarmupSchedule
from warmup.progress import OPEN
from warmup.queries import local_date, reserved

_LOCK_DAY = """
SELECT a.id FROM warmup_dailyallowance AS a JOIN warmup_schedules AS s ON s.id = a.schedule_id
WHERE s.id = %(schedule)s AND s.status = 'active' AND a.date = %(date)s
FOR UPDATE OF a
"""
_RESERVE = """
WITH room AS (
    SELECT id, least(%(wanted)s, daily_limit - used) AS granted
    FROM warmup_dailyallowance WHERE id = %(allowance)s
), taken AS (
    UPDATE warmup_dailyallowance AS a SET used = a.used + room.granted
    FROM room WHERE a.id = room.id AND room.granted > 0 RETURNING a.id, room.granted
)
INSERT INTO warmup_reservation (owner, allowance_id, count)
SELECT %(owner)s, id, granted FROM taken RETURNING count
"""
_LOCK_HELD = """
SELECT a.id FROM warmup_dailyallowance AS a JOIN warmup_reservation AS held
ON held.allowance_id = a.id WHERE held.owner = %(owner)s
ORDER BY a.schedule_id FOR UPDATE OF a
"""
_SETTLE = """
WITH ended AS (
    DELETE FROM warmup_reservation AS held
    USING warmup_dailyallowance AS a, warmup_schedules AS s
    WHERE held.owner = %(owner)s AND a.id = held.allowance_id AND s.id = a.schedule_id
    RETURNING a.id, s.ip_id, held.count
), unused AS (
    SELECT ended.id, ended.count - COALESCE(used.number, 0) AS number
    FROM ended LEFT JOIN unnest(%(ips)s::bigint[], %(numbers)s::int[]) AS used (ip_id, number)
        ON used.ip_id = ended.ip_id
)
UPDATE warmup_dailyallowance AS a SET used = a.used - unused.number
FROM unused WHERE a.id = unused.id AND unused.number > 0
"""


def reserve(wanted: Mapping[int, int], *, owner: uuid.UUID, now: datetime) -> dict[int, int]:
    """Take room of today for `owner` and return how much of it each warming IP grants.

    `wanted` is messages by IP. IPs without a warm-up that goes on are not in the answer: they have
    no limit. Whoever reserves settles in the end, or its journal's recoverer does.
    """
    schedules = WarmupSchedule.objects.filter(ip__in=wanted, status__in=sorted(OPEN))
    granted = {}
    with transaction.atomic(), connection.cursor() as cursor:
        for schedule in schedules.select_related("organization").order_by("pk"):
            bound: dict[str, Any] = {
                "schedule": schedule.pk,
                "wanted": wanted[schedule.ip_id],
                "date": local_date(schedule.organization, now),
                "owner": owner,
            }
            granted[schedule.ip_id] = _take(cursor, bound)
    return granted


def _take(cursor: CursorWrapper, bound: dict[str, Any]) -> int:
    """Return how much of a day was taken; nothing if it is not open."""
    cursor.execute(_LOCK_DAY, bound)
    day = cursor.fetchone()
    if day is None:
        return 0
    cursor.execute(_RESERVE, {**bound, "allowance": day[0]})
    taken = cursor.fetchone()
    return taken[0] if taken else 0


def settle(handed_over: Mapping[int, int], *, owner: uuid.UUID) -> None:
    """End what `owner` reserved; what was not handed over is given back to its day.

    `handed_over` is messages by IP. Called again it changes nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_HELD, {"owner": owner})
        bound: dict[str, Any] = {
            "owner": owner,
            "ips": list(handed_over),
            "numbers": list(handed_over.values()),
        }
        cursor.execute(_SETTLE, bound)


def settle_up_to(handed_over: int | None, *, owner: uuid.UUID) -> None:
    """End what a dead `owner` reserved, of whom no more is known than how much it handed over.

    With several IPs each keeps that much, so that no limit is exceeded; with None, everything.
    """
    held = reserved(owner)
    used = {ip_id: count if handed_over is None else handed_over for ip_id, count in held.items()}
    settle(used, owner=owner)
