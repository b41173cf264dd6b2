"""Reads of webhooks: who listens, and what a delivery tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from insights.deliveries import Told
from insights.events import EventType
from insights.models import Happening, Webhook, WebhookDelivery

_LISTENING: Final = """
SELECT EXISTS (
    SELECT FROM insights_webhook
    WHERE active AND organization_id = ANY(%s) AND event_types && %s::varchar[]
)
"""
_TOLD: Final = """
SELECT e.id, e.event_type, e.ts, e.campaign_id, c.name, e.recipient_id, r.contact_id, r.email,
    e.provider, e.stream, e.identity_id, e.list_id, e.ip, e.variant, e.source, e.smtp_code,
    e.enhanced_code, e.smtp_response, e.bounce_class, e.actor, e.actor_reasons, e.url
FROM email_delivery_events AS e
LEFT JOIN campaigns_recipient AS r ON r.id = e.recipient_id
LEFT JOIN campaigns_campaign AS c ON c.id = e.campaign_id
WHERE e.id = ANY(%(ids)s) AND e.ts >= %(first)s AND e.ts <= %(last)s
    AND e.organization_id = %(organization)s
ORDER BY e.ts, e.id
"""
DATA: Final = (
    "campaign_id", "campaign_name", "recipient_id", "contact_id", "email", "provider", "stream",
    "identity_id", "list_id", "ip", "variant", "source", "smtp_code", "enhanced_code",
    "smtp_response", "bounce_class", "actor", "actor_reasons", "url",
)  # fmt: skip


def listening(organization_ids: Collection[int], *, event_types: Iterable[EventType]) -> bool:
    """Say whether any webhook of these organizations wants to hear of such events."""
    names = [f"email.{event_type}" for event_type in event_types]
    with connection.cursor() as cursor:
        cursor.execute(_LISTENING, [list(organization_ids), names])
        return bool(cursor.fetchone()[0])


def told_by(delivery: WebhookDelivery) -> list[Told]:
    """Return what a delivery tells, oldest first; nothing of events that were deleted since.

    It is read anew for each attempt, so that a person who was erased meanwhile is not told of.
    """
    if not delivery.event_ids:
        return []
    asked = {
        "ids": delivery.event_ids,
        "first": delivery.first_ts,
        "last": delivery.last_ts,
        "organization": delivery.webhook.organization_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, asked)
        events = [_told(*row) for row in cursor.fetchall()]
    found = [*events, *_happenings(delivery)]
    return sorted(found, key=lambda told: (told.ts, told.id))


def _happenings(delivery: WebhookDelivery) -> list[Told]:
    """Return what a delivery tells beside mail events."""
    rows = Happening.objects.filter(
        pk__in=delivery.event_ids, organization=delivery.webhook.organization_id
    )
    return [Told(*row) for row in rows.values_list("pk", "event_type", "ts", "data")]


def _told(event_id: int, event_type: str, ts: Any, *values: Any) -> Told:
    data = dict(zip(DATA, values, strict=True))
    told = {name: _known(value) for name, value in data.items()}
    return Told(event_id, f"email.{event_type}", ts, told)


def _known(value: Any) -> Any:
    """Return a value, None for an empty text."""
    return None if value == "" else value


def deliveries_of(webhook: Webhook) -> QuerySet[WebhookDelivery]:
    """Return the deliveries of a webhook."""
    return WebhookDelivery.objects.filter(webhook=webhook)


def waiting_count(webhook_id: int) -> int:
    """Return how many events a webhook is still to be told of."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"webhook": webhook_id})
        return int(cursor.fetchone()[0])


_WAITING: Final = """
SELECT COALESCE((SELECT sum(cardinality(event_ids)) FROM insights_webhookoutbox
        WHERE webhook_id = %(webhook)s), 0)
    + COALESCE((SELECT sum(cardinality(event_ids)) FROM insights_webhookdelivery
        WHERE webhook_id = %(webhook)s AND status = 'waiting'), 0)
"""
