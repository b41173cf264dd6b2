"""Room for events: partitions made ahead of time, and dropped when their time is over."""

from __future__ import annotations

import logging
import re
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from insights.models import DroppedMonth
from insights.partitions import Month, month_of
from insights.queries.keeping import kept_since

logger = logging.getLogger(__name__)

FURTHEST_MONTHS = 36  # events from further away, back or ahead, stay in the default partition
PARTITIONING_LOCK = 0x6576656E7473  # "events": number of the advisory lock

# Nobody may add to the month in the default partition between the move and the attaching, nor have
# begun to add to it: where a row goes is settled when its statement begins.
_CUT = """
LOCK TABLE email_delivery_events IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE {name} (LIKE email_delivery_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
LOCK TABLE email_delivery_events_default IN ACCESS EXCLUSIVE MODE;
WITH moved AS (
    DELETE FROM email_delivery_events_default
    WHERE ts >= %(begin)s AND ts < %(end)s RETURNING *
) INSERT INTO {name} SELECT * FROM moved;
ALTER TABLE email_delivery_events ATTACH PARTITION {name}
FOR VALUES FROM (%(begin)s) TO (%(end)s)
"""
# Everybody who records waits while a partition is taken off; so this does not wait long for others.
_DROP = """
SET LOCAL lock_timeout = '5s';
DROP TABLE {name}
"""
_MONTHS = """
SELECT relid::regclass::text FROM pg_partition_tree('email_delivery_events')
WHERE isleaf AND relid <> 'email_delivery_events_default'::regclass
"""
_NAME = re.compile(r"email_delivery_events_(\d{4})_(\d{2})")


def make_partitions(*, now: datetime, months_ahead: int = 3) -> list[str]:
    """Cut a partition for each month up to so many ahead and return the names of the new ones.

    Events that lie in the default partition move into the partition of their month. Run again, or
    by two at once, it changes nothing more. Recording waits meanwhile.
    """
    current = month_of(now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITIONING_LOCK])
        wanted = {current.later(months) for months in range(months_ahead + 1)}
        wanted |= _stranded(cursor, around=current)
        return [_cut(cursor, month) for month in sorted(wanted) if not _exists(cursor, month)]


def _name(month: Month) -> str:
    return f"email_delivery_events_{month.year:04}_{month.number:02}"


def _exists(cursor: Any, month: Month) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [_name(month)])
    return bool(cursor.fetchone()[0])


def _stranded(cursor: Any, *, around: Month) -> set[Month]:
    """Return the months of the events in the default partition, without those that were dropped."""
    dropped = kept_since()
    cursor.execute(
        "SELECT DISTINCT date_trunc('month', ts AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
        " FROM email_delivery_events_default WHERE ts >= %s AND ts < %s",
        [around.later(-FURTHEST_MONTHS).begin, around.later(FURTHEST_MONTHS).begin],
    )
    found = {month_of(row[0]) for row in cursor.fetchall()}
    return {month for month in found if dropped is None or month.begin >= dropped}


def _cut(cursor: Any, month: Month) -> str:
    """Make the partition of a month, with the events of that month, and return its name."""
    name = _name(month)
    cursor.execute(_CUT.format(name=name), {"begin": month.begin, "end": month.end})
    return name


def drop_months(*, now: datetime, months_kept: int) -> list[Month]:
    """Drop the events of whole months once so many later ones are over; return those months.

    0 keeps everything. Counts stay. A month that somebody uses just then is left for the next time.
    """
    if not months_kept:
        return []
    first_kept = month_of(now).later(-months_kept)
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS)
        months = sorted(filter(None, (_month(name) for (name,) in cursor.fetchall())))
    old = [month for month in months if month < first_kept]
    return [month for month in old if _dropped(month, now=now)] + _swept(first_kept, now=now)


def _month(partition: str) -> Month | None:
    found = _NAME.fullmatch(partition)
    return Month(int(found[1]), int(found[2])) if found else None


def _dropped(month: Month, *, now: datetime) -> bool:
    """Drop the partition of a month, and return whether that could be done."""
    name = _name(month)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITIONING_LOCK])
            if not _exists(cursor, month):
                return False
            cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608  made of two numbers
            _note_dropped(month, events=cursor.fetchone()[0], now=now)
            cursor.execute(_DROP.format(name=name))
    except OperationalError:
        logger.warning("%s is in use and will be dropped another day", name)
        return False
    return True


def _swept(first_kept: Month, *, now: datetime) -> list[Month]:
    """Delete what lies in the default partition from before the first month that is kept."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM email_delivery_events_default WHERE ts < %s RETURNING ts)"
            " SELECT date_trunc('month', ts AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', count(*)"
            " FROM gone GROUP BY 1 ORDER BY 1",
            [first_kept.begin],
        )
        swept = [(month_of(begin), events) for begin, events in cursor.fetchall()]
        for month, events in swept:
            _note_dropped(month, events=events, now=now)
    return [month for month, _ in swept]


def _note_dropped(month: Month, *, events: int, now: datetime) -> None:
    noted, is_new = DroppedMonth.objects.get_or_create(
        begin=month.begin, defaults={"events": events, "dropped_at": now}
    )
    if not is_new:
        noted.events += events
        noted.dropped_at = now
        noted.save(update_fields=["events", "dropped_at"])
