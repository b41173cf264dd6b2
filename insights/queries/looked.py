"""Reads behind opens and clicks: where a link leads, which messages they are of, which wait."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import connection

from insights.messages import Message
from insights.models import TrackingHit

# Written out: every click asks this, and building it anew would cost more than the answer.
_LINK: Final = """
SELECT l.url FROM campaigns_recipient AS r
JOIN campaigns_campaignlink AS l ON l.campaign_id = r.campaign_id
WHERE r.id = %s AND l.number = %s AND NOT l.dynamic
"""
_MESSAGES: Final = """
SELECT r.id, r.organization_id, r.campaign_id, r.contact_id, r.list_id, c.identity_id,
    r.email, r.provider, c.stream, r.ip, r.variant
FROM campaigns_recipient AS r JOIN campaigns_campaign AS c ON c.id = r.campaign_id
WHERE r.id = ANY(%s)
"""


def link_url(recipient_id: int, *, number: int) -> str | None:
    """Return where a link leads that is the same for every recipient, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_LINK, [recipient_id, number])
        row = cursor.fetchone()
    return row[0] if row else None


def messages(recipient_ids: Collection[int]) -> dict[int, Message]:
    """Return the messages that were looked at, by the ids of their ledger rows."""
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, [[*recipient_ids]])
        return {row[0]: Message(*row) for row in cursor.fetchall()}


def due_hits(*, limit: int, now: datetime) -> list[int]:
    """Return the oldest hits that are to be recorded."""
    due = TrackingHit.objects.filter(due_at__lte=now).order_by("pk")
    return list(due.values_list("pk", flat=True)[:limit])
