"""Reads of what happened."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count

from campaigns.models import Recipient
from insights.events import EventType, Source
from insights.messages import Message
from insights.models import DeliveryEvent

_ANSWERED = (EventType.SENT, EventType.BOUNCED)
_FACTS = (
    "pk", "organization_id", "campaign_id", "contact_id", "list_id", "campaign__identity_id",
    "email", "provider", "campaign__stream", "ip", "variant",
)  # fmt: skip


def message(recipient_id: int) -> Message | None:
    """Return what is known of a message, or None when there is no such row in the ledger."""
    row = Recipient.objects.filter(pk=recipient_id).values_list(*_FACTS).first()
    return Message(*row) if row else None


def message_with_link(recipient_id: int, *, number: int) -> tuple[Message, str] | None:
    """Return a message and the address of one of its campaign's links, or None without either."""
    rows = Recipient.objects.filter(
        pk=recipient_id, campaign__links__number=number, campaign__links__dynamic=False
    )
    row = rows.values_list(*_FACTS, "campaign__links__url").first()
    return (Message(*row[:-1]), row[-1]) if row else None


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
