"""What happened, written once: events, the facts on the ledger, the hourly counts.

One statement does all three, so that none can be without the others. Events that are there already
add nothing; whatever order they come in, facts and counts end the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.db import connection, transaction

from common.storable import storable
from insights.events import TYPE_NUMBERS, DeliveryEvent, EventType
from insights.metrics import EVENT_COUNTER, FACTS, HOUR, IS_FACT
from insights.operations.counting import COUNTED, FACT_COLUMNS, OF_FACTS
from insights.operations.outbox import NOTED
from insights.queries.webhooks import listening

# From about this many events on COPY beats an INSERT of their values: it costs 2 ms to begin with,
# then 5 us of Python an event instead of 100.
COPY_FROM = 20
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
    "agent": "text",
    "network": "text",
    "method": "text",
    "seconds_after_delivery": "float8",
    "actor_confidence": "float8",
    "classifier_version": "int2",
    "revise_at": "timestamptz",
    # Those below are made storable one by one, see `_row`.
    "smtp_response": "text",
    "url": "text",
    "actor_reasons": "varchar[]",
}
_NAMES = ", ".join(_COLUMNS)
_as_they_are = attrgetter(*list(_COLUMNS)[:-3])
_PLACES = f"({', '.join(f'%s::{kind}' for kind in _COLUMNS.values())})"
_TYPED = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_ARRIVING = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS arriving_events ({_TYPED}) ON COMMIT DELETE ROWS;
DELETE FROM arriving_events
"""  # noqa: S608  all names are fixed
_COPY = f"COPY arriving_events ({_NAMES}) FROM STDIN (FORMAT BINARY)"

_RESPONSE = ("smtp_code", "enhanced_code", "smtp_response")


def _earliest(column: str, condition: str) -> str:
    return f"min(ts) FILTER (WHERE {condition}) AS {column}"


def _of_earliest(name: str, condition: str) -> str:
    """Return `name` of the earliest event that meets a condition; ties are broken by value."""
    return (
        f"(array_agg({name} ORDER BY ts, bounce_class, smtp_response)"
        f" FILTER (WHERE {condition}))[1]"
    )


_TOLD = ", ".join(
    [_earliest(column, condition) for column, condition in FACTS.items()]
    + [
        f"{_of_earliest(name, FACTS['bounced_at'])} AS bounced_{name}"
        for name in ("bounce_class", *_RESPONSE)
    ]
    + [f"{_of_earliest(name, FACTS['delivered_at'])} AS delivered_{name}" for name in _RESPONSE]
)
_EARLIER_BOUNCE = (
    "(told.bounced_at IS NOT NULL AND (before.bounced_at IS NULL"
    " OR (told.bounced_at, told.bounced_bounce_class) < (before.bounced_at, before.bounce_class)))"
)
_NEW_DELIVERY = (
    "(told.delivered_at IS NOT NULL AND before.bounced_at IS NULL AND told.bounced_at IS NULL"
    " AND (before.delivered_at IS NULL OR told.delivered_at < before.delivered_at))"
)
_SET_FACTS = ", ".join(f"{fact} = LEAST(before.{fact}, told.{fact})" for fact in FACTS)
_SET_RESPONSE = ", ".join(
    f"{name} = CASE WHEN {_EARLIER_BOUNCE} THEN told.bounced_{name}"
    f" WHEN {_NEW_DELIVERY} THEN told.delivered_{name} ELSE r.{name} END"
    for name in _RESPONSE
)

_FRESH = f"""
WITH fresh AS (
    INSERT INTO email_delivery_events ({_NAMES})
    SELECT {_NAMES} FROM {{arriving}} ORDER BY natural_key
    ON CONFLICT (natural_key, ts) DO NOTHING
    RETURNING id, {_NAMES}
"""  # noqa: S608  put together from constants alone
_UPDATED_FACTS = f"""), told AS (
    SELECT recipient_id, {_TOLD} FROM fresh WHERE {IS_FACT} GROUP BY recipient_id
), before AS (
    SELECT r.id, r.organization_id, r.campaign_id, r.provider, c.identity_id,
        COALESCE(r.list_id, 0) AS list_id, r.ip, c.stream, r.variant, r.bounce_class,
        {FACT_COLUMNS}
    FROM campaigns_recipient AS r JOIN campaigns_campaign AS c ON c.id = r.campaign_id
    WHERE r.id IN (SELECT recipient_id FROM told)
    ORDER BY r.id FOR UPDATE OF r
), after AS (
    UPDATE campaigns_recipient AS r SET {_SET_FACTS}, {_SET_RESPONSE},
        bounce_class = CASE WHEN {_EARLIER_BOUNCE} THEN told.bounced_bounce_class
            ELSE r.bounce_class END,
        state = CASE WHEN r.state = 'claimed' THEN r.state
            WHEN LEAST(before.bounced_at, told.bounced_at) IS NOT NULL THEN 'bounced'
            WHEN LEAST(before.delivered_at, told.delivered_at) IS NOT NULL THEN 'delivered'
            ELSE r.state END
    FROM told JOIN before ON before.id = told.recipient_id
    WHERE r.id = told.recipient_id
    RETURNING r.id, r.bounce_class, {FACT_COLUMNS}
"""  # noqa: S608  put together from constants alone
_OF_EVENTS = f"""), changes AS (
    SELECT {HOUR.format(at="ts")} AS hour, organization_id, campaign_id, provider,
        COALESCE(identity_id, 0) AS identity_id, COALESCE(list_id, 0) AS list_id, ip, stream,
        variant, {EVENT_COUNTER} AS counter, 1 AS number
    FROM fresh
"""  # noqa: S608  put together from constants alone
_NEW_KEYS = ")\nSELECT natural_key FROM fresh\n"


def _statement(*, with_facts: bool, noted: bool, arriving: str = "arriving_events") -> str:
    """Return what records the events of a table, and notes them for the webhooks that listen.

    Without facts, as most batches of the send path are, it is a quarter of the work to plan.
    """
    facts, of_facts = (_UPDATED_FACTS, OF_FACTS) if with_facts else ("", "")
    outbox = NOTED if noted else ""
    whole = _FRESH + facts + _OF_EVENTS + of_facts + COUNTED + outbox + _NEW_KEYS
    return whole.format(arriving=arriving)


def record_events(events: Sequence[DeliveryEvent]) -> list[uuid.UUID]:
    """Write events with what follows from them, and return the natural keys of the new ones.

    An event that is there already, by its natural key and time, changes nothing.
    """
    if not events:
        return []
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        if len(events) < COPY_FROM:
            _record_few(cursor, events)
        else:
            _record_many(cursor, events)
        return [row[0] for row in cursor.fetchall()]


def _record_few(cursor: Any, events: Sequence[DeliveryEvent]) -> None:
    # To ask first whether a webhook listens would cost more than to let the statement find out.
    values = f"(VALUES {', '.join([_PLACES] * len(events))}) AS arriving ({_NAMES})"
    cursor.execute(
        _statement(with_facts=True, noted=True, arriving=values),
        [value for event in events for value in _row(event)],
    )


def _record_many(cursor: Any, events: Sequence[DeliveryEvent]) -> None:
    organizations = {event.organization_id for event in events}
    noted = listening(organizations, event_types={event.event_type for event in events})
    cursor.execute(_ARRIVING)
    with cursor.copy(_COPY) as copy:
        copy.set_types(list(_COLUMNS.values()))
        for event in events:
            copy.write_row(_row(event))
    cursor.execute(_statement(with_facts=True, noted=noted))


# Which events an outcome stands for. Their natural key is that of `insights.events.attempt_key`.
_STANDS_FOR = {
    "sent": (EventType.SENT,),
    "delivered": (EventType.SENT, EventType.DELIVERED),
    "bounced": (EventType.BOUNCED,),
    "failed": (EventType.FAILED,),
    "planned": (EventType.DEFERRED,),
}
_OF_OUTCOMES = {event_type for event_types in _STANDS_FOR.values() for event_type in event_types}
_STANDS_FOR_ROWS = ", ".join(
    f"('{state}', '{event_type}', {TYPE_NUMBERS[event_type]})"
    for state, event_types in _STANDS_FOR.items()
    for event_type in event_types
)
_OUTCOME_EVENTS = f"""(
    SELECT r.organization_id, r.campaign_id, r.id, told.event_type, r.provider, c.identity_id,
        r.list_id, c.stream, r.ip, r.variant, o.smtp_code, o.enhanced_code, o.bounce_class, '',
        NULL::int, CASE WHEN o.answered THEN 'smtp' ELSE 'system' END,
        (lpad(to_hex(r.id), 16, '0')
            || lpad(to_hex((r.attempts::bigint << 8) | told.number), 16, '0'))::uuid,
        o.at, '', '', '', NULL::float8, NULL::float8, NULL::smallint, NULL::timestamptz,
        COALESCE(NULLIF(o.smtp_response, ''), o.reason), '', ARRAY[]::varchar[]
    FROM settled_outcomes AS o
    JOIN (VALUES {_STANDS_FOR_ROWS}) AS told (state, event_type, number) ON told.state = o.state
    JOIN campaigns_recipient AS r ON r.id = o.id
    JOIN campaigns_campaign AS c ON c.id = r.campaign_id
    WHERE NOT o.uncount
) AS outcome_events ({_NAMES})"""  # noqa: S608  put together from constants alone


def record_outcome_events(organization_id: int, *, with_facts: bool) -> int:
    """Write the events of the outcomes that the ledger has just recorded in this transaction.

    `with_facts` says whether a bounce or a delivery is among them. Returns how many events were
    new. Nothing about them passes through Python again, since this is done for every message.
    """
    noted = listening({organization_id}, event_types=_OF_OUTCOMES)
    with connection.cursor() as cursor:
        cursor.execute(_statement(with_facts=with_facts, noted=noted, arriving=_OUTCOME_EVENTS))
        return int(cursor.rowcount)


def _row(event: DeliveryEvent) -> tuple[Any, ...]:
    return (
        *_as_they_are(event),
        storable(event.smtp_response),
        storable(event.url),
        list(event.actor_reasons),
    )
