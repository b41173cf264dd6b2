"""Writes of opens and clicks. Every hit is an event of its own; the ledger keeps the first."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection, transaction

import insights.operations.recording
from insights.events import Actor, EventType, Source
from insights.messages import Message

NOT_CLASSIFIED = ("not classified",)
_FIRST = "UPDATE campaigns_recipient SET {column} = %s WHERE id = %s AND {column} IS NULL"


def record_open(message: Message, *, now: datetime) -> None:
    """Record that the pixel of a message was loaded."""
    _record(message, EventType.OPENED, column="opened_at", now=now)


def record_click(message: Message, *, url: str, link_number: int, now: datetime) -> None:
    """Record that a link of a message was followed."""
    _record(
        message, EventType.CLICKED, column="clicked_at", now=now, url=url, link_number=link_number
    )


def _record(
    message: Message,
    event_type: EventType,
    *,
    column: str,
    now: datetime,
    url: str = "",
    link_number: int | None = None,
) -> None:
    event = message.event(event_type, source=Source.TRACKING, ts=now, natural_key=uuid.uuid4())
    event = event._replace(
        actor=Actor.UNKNOWN,
        actor_reasons=NOT_CLASSIFIED,
        url=url,
        link_number=link_number,
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FIRST.format(column=column), [now, message.recipient_id])
        insights.operations.recording.record_events([event])
