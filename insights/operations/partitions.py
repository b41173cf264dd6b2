"""Room for events: partitions made ahead of time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from insights.partitions import Month, month_of

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
    """Return the months of the events in the default partition."""
    cursor.execute(
        "SELECT DISTINCT date_trunc('month', ts AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
        " FROM email_delivery_events_default WHERE ts >= %s AND ts < %s",
        [around.later(-FURTHEST_MONTHS).begin, around.later(FURTHEST_MONTHS).begin],
    )
    return {month_of(row[0]) for row in cursor.fetchall()}


def _cut(cursor: Any, month: Month) -> str:
    """Make the partition of a month, with the events of that month, and return its name."""
    name = _name(month)
    cursor.execute(_CUT.format(name=name), {"begin": month.begin, "end": month.end})
    return name
