"""Taking a day's room, and giving back what was not used of it.

A day's row is locked before it is read: any number of workers may ask at once, and each sees what
those before it took. (In one statement the lock and the sum would be of two moments.) All lock the
rows in the same order, so that none waits for another in a circle. What of a day went to each
mailbox provider changes under the lock of the day alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
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
# Whoever comes first in `providers` is granted first; a provider that is capped, up to its cap.
_RESERVE = """
WITH asked AS (
    SELECT provider, turn, row_number() OVER (PARTITION BY provider ORDER BY turn) AS nth
    FROM unnest(%(providers)s::text[]) WITH ORDINALITY AS given (provider, turn)
), fitting AS (
    SELECT asked.provider FROM asked LEFT JOIN warmup_providerallowance AS held
        ON held.allowance_id = %(allowance)s AND held.provider = asked.provider
    WHERE held.daily_limit IS NULL OR asked.nth <= held.daily_limit - held.used
    ORDER BY asked.turn
    LIMIT (SELECT daily_limit - used FROM warmup_dailyallowance WHERE id = %(allowance)s)
), granted AS (
    SELECT provider, count(*)::int AS number FROM fitting GROUP BY provider
), day AS (
    UPDATE warmup_dailyallowance SET used = used + (SELECT sum(number) FROM granted)
    WHERE id = %(allowance)s AND EXISTS (SELECT FROM granted)
), counted AS (
    INSERT INTO warmup_providerallowance AS held (allowance_id, provider, used)
    SELECT %(allowance)s, provider, number FROM granted
    ON CONFLICT (allowance_id, provider) DO UPDATE SET used = held.used + excluded.used
)
INSERT INTO warmup_reservation (owner, allowance_id, provider, count)
SELECT %(owner)s, %(allowance)s, provider, number FROM granted RETURNING provider, count
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
    RETURNING a.id, s.ip_id, held.provider, held.count
), unused AS (
    SELECT ended.id, ended.provider, ended.count - COALESCE(used.number, 0) AS number
    FROM ended LEFT JOIN unnest(%(ips)s::bigint[], %(providers)s::text[], %(numbers)s::int[])
        AS used (ip_id, provider, number)
        ON used.ip_id = ended.ip_id AND used.provider = ended.provider
    WHERE ended.count > COALESCE(used.number, 0)
), day AS (
    UPDATE warmup_dailyallowance AS a SET used = a.used - whole.number
    FROM (SELECT id, sum(number) AS number FROM unused GROUP BY id) AS whole WHERE a.id = whole.id
)
UPDATE warmup_providerallowance AS held SET used = held.used - unused.number
FROM unused WHERE held.allowance_id = unused.id AND held.provider = unused.provider
"""
Way = tuple[int, str]  # an IP's id and a provider


def reserve(
    wanted: Mapping[int, Sequence[str]], *, owner: uuid.UUID, now: datetime
) -> dict[int, dict[str, int]]:
    """Take room of today for `owner`; return what each warming IP grants, by provider.

    `wanted` are, by IP, the providers of the messages in the order of their turn. IPs without a
    warm-up that goes on are not in the answer: they have no limit. Whoever reserves settles in the
    end, or its journal's recoverer does.
    """
    schedules = WarmupSchedule.objects.filter(ip__in=wanted, status__in=sorted(OPEN))
    granted = {}
    with transaction.atomic(), connection.cursor() as cursor:
        for schedule in schedules.select_related("organization").order_by("pk"):
            bound: dict[str, Any] = {
                "schedule": schedule.pk,
                "providers": list(wanted[schedule.ip_id]),
                "date": local_date(schedule.organization, now),
                "owner": owner,
            }
            granted[schedule.ip_id] = _take(cursor, bound)
    return granted


def _take(cursor: CursorWrapper, bound: dict[str, Any]) -> dict[str, int]:
    """Return how much of a day was taken; nothing if it is not open."""
    cursor.execute(_LOCK_DAY, bound)
    day = cursor.fetchone()
    if day is None:
        return {}
    cursor.execute(_RESERVE, {**bound, "allowance": day[0]})
    return dict(cursor.fetchall())


def settle(handed_over: Mapping[Way, int], *, owner: uuid.UUID) -> None:
    """End what `owner` reserved; what was not handed over is given back to its day and provider.

    `handed_over` is messages by IP and provider. Called again it changes nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_HELD, {"owner": owner})
        bound: dict[str, Any] = {
            "owner": owner,
            "ips": [ip_id for ip_id, _ in handed_over],
            "providers": [provider for _, provider in handed_over],
            "numbers": list(handed_over.values()),
        }
        cursor.execute(_SETTLE, bound)


def settle_up_to(handed_over: Mapping[str, int] | None, *, owner: uuid.UUID) -> None:
    """End what a dead `owner` reserved, of whom no more is known than what went to each provider.

    With several IPs each keeps that much, so that no limit is exceeded; with None, everything.
    """
    held = reserved(owner)
    if handed_over is None:
        settle(held, owner=owner)
        return
    settle({way: min(n, handed_over.get(way[1], 0)) for way, n in held.items()}, owner=owner)
