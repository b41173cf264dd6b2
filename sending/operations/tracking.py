"""Writes of opens and clicks: every hit is an event, with who caused it and why we think so.

A first verdict falls at once, from the request itself, the time since delivery and the hits before
it. `insights.operations.revising` looks at it again when more is known.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

import insights.operations.recording
import insights.queries.verdicts
from campaigns.models import Contact
from insights.actors import agent_family, truncated
from insights.events import Actor, DeliveryEvent, EventType, Source
from insights.messages import Message


class Visitor(NamedTuple):
    """What a request for a pixel or link says of who made it."""

    user_agent: str
    address: str
    method: str = "GET"  # or HEAD


def record_open(message: Message, *, visitor: Visitor, now: datetime) -> None:
    """Record that the pixel of a message was loaded."""
    _record(message, _hit(message, EventType.OPENED, visitor=visitor, now=now), now=now)


def record_click(
    message: Message, *, url: str, link_number: int, visitor: Visitor, now: datetime
) -> None:
    """Record that a link of a message was followed."""
    hit = _hit(message, EventType.CLICKED, visitor=visitor, now=now)
    _record(message, hit._replace(url=url, link_number=link_number), now=now)


def _hit(
    message: Message, event_type: EventType, *, visitor: Visitor, now: datetime
) -> DeliveryEvent:
    """Return an event without a verdict; of address and user agent it holds what may be kept."""
    event = message.event(event_type, source=Source.TRACKING, ts=now, natural_key=uuid.uuid4())
    return event._replace(
        agent=agent_family(visitor.user_agent),
        network=truncated(visitor.address),
        method=visitor.method,
    )


def _record(message: Message, hit: DeliveryEvent, *, now: datetime) -> None:
    [event] = insights.queries.verdicts.judged([hit], now=now)
    insights.operations.recording.record_events([event])
    if event.actor == Actor.HUMAN and message.contact_id is not None:
        _remember(message.contact_id, now=now)


def _remember(contact_id: int, *, now: datetime) -> None:
    """Note on the contact that a person acted: who is engaged goes first, and is not wooed back."""
    Contact.objects.filter(
        Q(last_human_at__isnull=True) | Q(last_human_at__lt=now), pk=contact_id
    ).update(last_human_at=now)
