"""Taking a day's room, and giving back what was not used of it.

A limit is kept by one conditional update per IP: any number of workers may ask at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from warmup.models import WarmupSchedule
from warmup.progress import OPEN
from warmup.queries import local_date, reserved

_RESERVE = """
WITH room AS (
    SELECT a.id, least(%(wanted)s, a.daily_limit - a.used) AS granted
    FROM warmup_dailyallowance AS a JOIN warmup_schedules AS s ON s.id = a.schedule_id
    WHERE s.id = %(schedule)s AND s.status = 'active' AND a.date = %(date)s
    FOR UPDATE OF a
), taken AS (
    UPDATE warmup_dailyallowance AS a SET used = a.used + room.granted
    FROM room WHERE a.id = room.id AND room.granted > 0 RETURNING a.id, room.granted
)
INSERT INTO warmup_reservation (owner, allowance_id, count)
SELECT %(owner)s, id, granted FROM taken RETURNING count
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
            cursor.execute(_RESERVE, bound)
            taken = cursor.fetchone()
            granted[schedule.ip_id] = taken[0] if taken else 0
    return granted


def settle(handed_over: Mapping[int, int], *, owner: uuid.UUID) -> None:
    """End what `owner` reserved; what was not handed over is given back to its day.

    `handed_over` is messages by IP. Called again it changes nothing.
    """
    with connection.cursor() as cursor:
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
