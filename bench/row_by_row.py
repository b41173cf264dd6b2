"""The yardstick of bench/events.py: events recorded one by one, as one would at first.

A Django `create()` for each event, the ledger row saved, the hourly counts brought up one by one;
one transaction an event. It deduplicates and counts like the product does, in fewer words. Needs
Django.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F

import insights.models
from campaigns.models import Recipient
from insights.events import Actor, DeliveryEvent, EventType

_COUNTED: Final = {
    (EventType.SENT, False): "sent",
    (EventType.DEFERRED, False): "deferred",
    (EventType.FAILED, False): "failed",
    (EventType.OPENED, True): "opens",
    (EventType.OPENED, False): "machine_opens",
    (EventType.CLICKED, True): "clicks",
    (EventType.CLICKED, False): "machine_clicks",
}
_FACTS: Final = {
    (EventType.DELIVERED, False): "delivered_at",
    (EventType.BOUNCED, False): "bounced_at",
    (EventType.OPENED, True): "opened_at",
    (EventType.CLICKED, True): "clicked_at",
    (EventType.REPLIED, False): "replied_at",
    (EventType.UNSUBSCRIBED, False): "unsubscribed_at",
    (EventType.COMPLAINED, False): "complained_at",
}
_MESSAGES: Final = {
    "unique_opens": "opened_at",
    "unique_clicks": "clicked_at",
    "replies": "replied_at",
    "unsubscribes": "unsubscribed_at",
    "complaints": "complained_at",
}
_Counts = set[tuple[str, datetime]]


def record(events: Sequence[DeliveryEvent]) -> int:
    """Record events one after the other and return how many were new."""
    return sum(map(_record, events))


def _record(event: DeliveryEvent) -> bool:
    values = event._asdict() | {"actor_reasons": list(event.actor_reasons)}
    try:
        with transaction.atomic():
            insights.models.DeliveryEvent.objects.create(**values)
            for counter, at, number in _changes(event):
                _count(event, counter, at=at, number=number)
    except IntegrityError:
        return False
    return True


def _changes(event: DeliveryEvent) -> Iterator[tuple[str, datetime, int]]:
    """Yield which counters change, in the hour of which moment, by how much."""
    kind = (EventType(event.event_type), event.actor == Actor.HUMAN)
    if kind in _COUNTED:
        yield _COUNTED[kind], event.ts, 1
    if kind in _FACTS:
        row = Recipient.objects.select_for_update().get(pk=event.recipient_id)
        before = _messages(row)
        _save(row, event, fact=_FACTS[kind])
        after = _messages(row)
        yield from ((counter, at, -1) for counter, at in before - after)
        yield from ((counter, at, 1) for counter, at in after - before)


def _messages(row: Recipient) -> _Counts:
    counts = {(counter, getattr(row, fact)) for counter, fact in _MESSAGES.items()}
    if row.bounced_at:
        counts |= {("bounced", row.bounced_at), (f"bounced_{row.bounce_class}", row.bounced_at)}
    else:
        counts.add(("delivered", row.delivered_at))
    return {(counter, at) for counter, at in counts if at}


def _save(row: Recipient, event: DeliveryEvent, *, fact: str) -> None:
    known = getattr(row, fact)
    if known is not None and known <= event.ts:
        return
    setattr(row, fact, event.ts)
    if fact in ("delivered_at", "bounced_at"):
        row.smtp_code = event.smtp_code
        row.smtp_response = event.smtp_response
        row.bounce_class = event.bounce_class or row.bounce_class
        row.state = "bounced" if row.bounced_at else "delivered"
    row.save(update_fields=[fact, "smtp_code", "smtp_response", "bounce_class", "state"])


def _count(event: DeliveryEvent, counter: str, *, at: datetime, number: int) -> None:
    row, _ = insights.models.HourlyCount.objects.get_or_create(
        hour=at.replace(minute=0, second=0, microsecond=0),
        organization_id=event.organization_id,
        campaign_id=event.campaign_id,
        provider=event.provider,
        identity_id=event.identity_id or 0,
        list_id=event.list_id or 0,
        ip=event.ip,
        stream=event.stream,
        variant=event.variant,
    )
    insights.models.HourlyCount.objects.filter(pk=row.pk).update(**{counter: F(counter) + number})
