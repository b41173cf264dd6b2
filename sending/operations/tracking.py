"""Writes of opens and clicks: every hit is an event, with who caused it and why we think so.

The verdict falls at once, from the request itself, the time since delivery and the hits before it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

import insights.operations.recording
from campaigns.models import Contact
from insights.actors import Context, Hit, HitKind, judge, truncated
from insights.events import Actor, EventType, Source
from insights.messages import Message

OTHER_HITS = 50  # of one message are looked at
_KINDS = {EventType.OPENED: HitKind.OPEN, EventType.CLICKED: HitKind.CLICK}
_TIMES = "SELECT sent_at, delivered_at FROM campaigns_recipient WHERE id = %s"
_OTHERS = """
SELECT id, event_type, ts, link_number FROM email_delivery_events
WHERE recipient_id = %s AND event_type IN ('opened', 'clicked') ORDER BY ts DESC LIMIT %s
"""


class Visitor(NamedTuple):
    """What a request for a pixel or link says of who made it."""

    user_agent: str
    address: str


def record_open(message: Message, *, visitor: Visitor, now: datetime) -> None:
    """Record that the pixel of a message was loaded."""
    _record(message, EventType.OPENED, visitor=visitor, now=now)


def record_click(
    message: Message, *, url: str, link_number: int, visitor: Visitor, now: datetime
) -> None:
    """Record that a link of a message was followed."""
    _record(message, EventType.CLICKED, visitor=visitor, now=now, url=url, link_number=link_number)


def _record(
    message: Message,
    event_type: EventType,
    *,
    visitor: Visitor,
    now: datetime,
    url: str = "",
    link_number: int | None = None,
) -> None:
    event = message.event(event_type, source=Source.TRACKING, ts=now, natural_key=uuid.uuid4())
    hit = Hit(
        id=event.natural_key,
        kind=_KINDS[event_type],
        at=now,
        user_agent=visitor.user_agent,
        ip_prefix=truncated(visitor.address),
        link_number=link_number,
    )
    verdict = judge(hit, _context(message.recipient_id))
    insights.operations.recording.record_events(
        [
            event._replace(
                actor=verdict.actor,
                actor_reasons=verdict.reasons,
                url=url,
                link_number=link_number,
            )
        ]
    )
    if verdict.actor is Actor.HUMAN and message.contact_id is not None:
        _remember(message.contact_id, now=now)


def _remember(contact_id: int, *, now: datetime) -> None:
    """Note on the contact that a person acted: who is engaged goes first, and is not wooed back."""
    Contact.objects.filter(
        Q(last_human_at__isnull=True) | Q(last_human_at__lt=now), pk=contact_id
    ).update(last_human_at=now)


def _context(recipient_id: int) -> Context:
    """Return what is known around the hits of a message."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, [recipient_id])
        sent_at, delivered_at = cursor.fetchone() or (None, None)
        cursor.execute(_OTHERS, [recipient_id, OTHER_HITS])
        others = [
            Hit(id=number, kind=_KINDS[EventType(kind)], at=at, link_number=link)
            for number, kind, at, link in cursor.fetchall()
        ]
    return Context(delivered_at=delivered_at, sent_at=sent_at, others=others)
