"""Reads of messages and of what happened to them."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import Count

from insights.events import EventType, Source
from insights.messages import Message
from insights.models import DeliveryEvent

_ANSWERED = (EventType.SENT, EventType.BOUNCED)

_MESSAGE = """
SELECT r.id, r.organization_id, r.campaign_id, r.contact_id, r.list_id, c.identity_id,
    r.email, r.provider, c.stream, r.ip, r.variant
FROM campaigns_recipient AS r JOIN campaigns_campaign AS c ON c.id = r.campaign_id
WHERE r.id = %(recipient)s
"""


def message(recipient_id: int) -> Message | None:
    """Return what is known of a message, or None when there is no such row in the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGE, {"recipient": recipient_id})
        row = cursor.fetchone()
    return Message(*row) if row else None


def events_of(recipient_id: int) -> list[DeliveryEvent]:
    """Return what happened to one message, oldest first."""
    return list(DeliveryEvent.objects.filter(recipient_id=recipient_id).order_by("ts", "id"))


def counts_by_type(campaign_id: int) -> dict[EventType, int]:
    """Return how many events of each type a campaign has had; 0 for those that never happened."""
    events = DeliveryEvent.objects.filter(campaign_id=campaign_id).values_list("event_type")
    counted = dict(events.annotate(number=Count("id")).order_by())
    return {event_type: counted.get(event_type.value, 0) for event_type in EventType}


def handed_over_since(campaign_id: int, *, since: datetime) -> int:
    """Return how many messages of a campaign a mail server has answered for good since then."""
    return DeliveryEvent.objects.filter(
        campaign_id=campaign_id, event_type__in=_ANSWERED, source=Source.SMTP, ts__gte=since
    ).count()
