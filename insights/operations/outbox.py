"""The outbox of webhooks: what is recorded is noted for them at once, and told later.

Mail events are noted by the statement that records them. All else is noted by triggers, which call
`insights_tell` of the database (docs/webhooks.md says how another table is added).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from insights.models import Webhook, WebhookDelivery, WebhookOutbox

# A part of the statement that records events, in which `fresh` are the new ones: one row for each
# webhook that wants any of them, however many they are.
NOTED: Final = """), noted AS (
    INSERT INTO insights_webhookoutbox (webhook_id, event_ids, first_ts, last_ts)
    SELECT w.id, array_agg(f.id ORDER BY f.id), min(f.ts), max(f.ts)
    FROM fresh AS f JOIN insights_webhook AS w ON w.organization_id = f.organization_id
    WHERE w.active AND ('email.' || f.event_type) = ANY(w.event_types)
    GROUP BY w.id
"""
MOST_ROWS: Final = 1_000  # of the outbox, looked at in one turn


def make_deliveries(webhook: Webhook, *, now: datetime) -> int:
    """Turn what is noted for a webhook into deliveries, oldest first; return how many.

    Stops once there are events enough for a full one. Run it in a transaction, together with the
    lock on the webhook.
    """
    rows = _taken(webhook)
    if not rows:
        return 0
    event_ids = [number for row in rows for number in row.event_ids]
    first_ts, last_ts = min(row.first_ts for row in rows), max(row.last_ts for row in rows)
    made = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            webhook=webhook,
            event_ids=some,
            first_ts=first_ts,
            last_ts=last_ts,
            created_at=now,
            due_at=now,
        )
        for some in _pieces(event_ids, webhook.batch_size)
    )
    WebhookOutbox.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(made)


def _taken(webhook: Webhook) -> list[WebhookOutbox]:
    """Return the oldest rows of a webhook, locked, until they hold a full delivery."""
    waiting = WebhookOutbox.objects.filter(webhook_id=webhook.pk).order_by("pk")
    taken: list[WebhookOutbox] = []
    event_count = 0
    for row in waiting.select_for_update(skip_locked=True)[:MOST_ROWS]:
        if event_count >= webhook.batch_size:
            break
        taken.append(row)
        event_count += len(row.event_ids)
    return taken


def _pieces(event_ids: list[int], size: int) -> list[list[int]]:
    return [event_ids[start : start + size] for start in range(0, len(event_ids), size)]
