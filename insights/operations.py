"""Writes of events: recording what happened, and making room for what will."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection, transaction

from common.storable import storable
from insights.events import DeliveryEvent, EventType
from insights.partitions import Month, month_of

# From about this many events on COPY beats an INSERT of their values: it costs 2 ms to begin with,
# then 5 us of Python an event instead of 100.
COPY_FROM = 20
FURTHEST_MONTHS = 36  # events from further away, back or ahead, stay in the default partition
PARTITIONING_LOCK = 0x6576656E7473  # "events": number of the advisory lock

_COLUMNS = {
    "organization_id": "int8",
    "campaign_id": "int8",
    "recipient_id": "int8",
    "event_type": "text",
    "provider": "text",
    "identity_id": "int8",
    "list_id": "int8",
    "stream": "text",
    "ip": "text",
    "variant": "text",
    "smtp_code": "int2",
    "enhanced_code": "text",
    "bounce_class": "text",
    "actor": "text",
    "link_number": "int4",
    "source": "text",
    "natural_key": "uuid",
    "ts": "timestamptz",
    # Those below are made storable one by one, see `_row`.
    "smtp_response": "text",
    "url": "text",
    "actor_reasons": "varchar[]",
}
_NAMES = ", ".join(_COLUMNS)
_as_they_are = attrgetter(*list(_COLUMNS)[:-3])
_PLACES = f"({', '.join(['%s'] * len(_COLUMNS))})"

_TYPED = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_INSERT = f"INSERT INTO email_delivery_events ({_NAMES})"
_ONCE = "ON CONFLICT (natural_key, ts) DO NOTHING"
_ARRIVING = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS arriving_events ({_TYPED}) ON COMMIT DELETE ROWS;
DELETE FROM arriving_events
"""  # noqa: S608  all names are fixed
_COPY = f"COPY arriving_events ({_NAMES}) FROM STDIN (FORMAT BINARY)"
_TAKE_OVER = f"{_INSERT} SELECT {_NAMES} FROM arriving_events {_ONCE}"  # noqa: S608  fixed

# Nobody may add to the month in the default partition between the move and the attaching.
_CUT = """
CREATE TABLE {name} (LIKE email_delivery_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
LOCK TABLE email_delivery_events_default IN ACCESS EXCLUSIVE MODE;
WITH moved AS (
    DELETE FROM email_delivery_events_default
    WHERE ts >= %(begin)s AND ts < %(end)s RETURNING *
) INSERT INTO {name} SELECT * FROM moved;
ALTER TABLE email_delivery_events ATTACH PARTITION {name}
FOR VALUES FROM (%(begin)s) TO (%(end)s)
"""


def record_events(events: Sequence[DeliveryEvent]) -> int:
    """Write events and return how many of them were new.

    An event that is there already, by its natural key and time, changes nothing.
    """
    if not events:
        return 0
    with transaction.atomic(savepoint=False):
        return _insert(events) if len(events) < COPY_FROM else _copy(events)


# Which events an outcome stands for. Their natural key is that of `insights.events.attempt_key`.
_TYPE_NUMBERS = {event_type: number for number, event_type in enumerate(EventType)}
_TOLD = {
    "sent": (EventType.SENT,),
    "delivered": (EventType.SENT, EventType.DELIVERED),
    "bounced": (EventType.BOUNCED,),
    "failed": (EventType.FAILED,),
    "planned": (EventType.DEFERRED,),
}
_TOLD_ROWS = ", ".join(
    f"('{state}', '{event_type}', {_TYPE_NUMBERS[event_type]})"
    for state, event_types in _TOLD.items()
    for event_type in event_types
)
_FROM_OUTCOMES = f"""
{_INSERT}
SELECT r.organization_id, r.campaign_id, r.id, told.event_type, r.provider, c.identity_id,
    r.list_id, c.stream, r.ip, r.variant, o.smtp_code, o.enhanced_code, o.bounce_class, '', NULL,
    CASE WHEN o.answered THEN 'smtp' ELSE 'system' END,
    (lpad(to_hex(r.id), 16, '0')
        || lpad(to_hex((r.attempts::bigint << 8) | told.number), 16, '0'))::uuid,
    o.at, COALESCE(NULLIF(o.smtp_response, ''), o.reason), '', ARRAY[]::varchar[]
FROM settled_outcomes AS o
JOIN (VALUES {_TOLD_ROWS}) AS told (state, event_type, number) ON told.state = o.state
JOIN campaigns_recipient AS r ON r.id = o.id
JOIN campaigns_campaign AS c ON c.id = r.campaign_id
WHERE NOT o.uncount
ORDER BY r.id
{_ONCE}
"""  # noqa: S608  put together from constants alone


def record_outcome_events() -> int:
    """Write the events of the outcomes that the ledger has just recorded in this transaction.

    Returns how many were new. Nothing about them passes through Python again, since this is done
    for every message.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FROM_OUTCOMES)
        return int(cursor.rowcount)


def _insert(events: Sequence[DeliveryEvent]) -> int:
    statement = f"{_INSERT} VALUES {', '.join([_PLACES] * len(events))} {_ONCE}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for event in events for value in _row(event)])
        return int(cursor.rowcount)


def _copy(events: Sequence[DeliveryEvent]) -> int:
    """Write by way of a temporary table that the connection keeps: COPY knows no ON CONFLICT."""
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVING)
        with cursor.copy(_COPY) as copy:
            copy.set_types(list(_COLUMNS.values()))
            for event in events:
                copy.write_row(_row(event))
        cursor.execute(_TAKE_OVER)
        return int(cursor.rowcount)


def _row(event: DeliveryEvent) -> tuple[Any, ...]:
    return (
        *_as_they_are(event),
        storable(event.smtp_response),
        storable(event.url),
        list(event.actor_reasons),
    )


def make_partitions(*, now: datetime, months_ahead: int = 3) -> list[str]:
    """Cut a partition for each month up to so many ahead and return the names of the new ones.

    Events that lie in the default partition move into the partition of their month. Run again, or
    by two at once, it changes nothing more. The default partition is locked meanwhile, others not.
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
