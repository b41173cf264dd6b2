"""The proof that a campaign's ledger is right."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from campaigns.models import Campaign, CampaignKind
from campaigns.queries.ledger import state_counts
from campaigns.states import CampaignState, RecipientState

# Each says what must not exist, as a count of rows that contradict the ledger.
_CONTRADICTIONS = {
    "contacts with more than one row": """
        SELECT count(*) FROM (SELECT contact_id FROM campaigns_recipient
        WHERE campaign_id = %(campaign)s AND data IS NULL AND contact_id IS NOT NULL
        GROUP BY contact_id HAVING count(*) > 1) AS twice""",
    "addresses with more than one row": """
        SELECT count(*) FROM (SELECT lower(email) FROM campaigns_recipient
        WHERE campaign_id = %(campaign)s AND data IS NULL
        GROUP BY lower(email) HAVING count(*) > 1) AS twice""",
    "rows sent without an event": """
        SELECT count(*) FROM campaigns_recipient AS r WHERE r.campaign_id = %(campaign)s
        AND r.sent_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM email_delivery_events AS e
            WHERE e.recipient_id = r.id AND e.event_type = 'sent')""",
    "rows with more than one sent event": """
        SELECT count(*) FROM (SELECT recipient_id FROM email_delivery_events
        WHERE campaign_id = %(campaign)s AND event_type = 'sent'
        GROUP BY recipient_id HAVING count(*) > 1) AS twice""",
    "sent events without a row that was sent": """
        SELECT count(*) FROM email_delivery_events AS e WHERE e.campaign_id = %(campaign)s
        AND e.event_type = 'sent' AND NOT EXISTS (SELECT 1 FROM campaigns_recipient AS r
            WHERE r.id = e.recipient_id AND r.sent_at IS NOT NULL)""",
    "rows bounced without an event": """
        SELECT count(*) FROM campaigns_recipient AS r WHERE r.campaign_id = %(campaign)s
        AND r.state = 'bounced' AND NOT EXISTS (SELECT 1 FROM email_delivery_events AS e
            WHERE e.recipient_id = r.id AND e.event_type = 'bounced')""",
    "rows failed without an event": """
        SELECT count(*) FROM campaigns_recipient AS r WHERE r.campaign_id = %(campaign)s
        AND r.state = 'failed' AND NOT EXISTS (SELECT 1 FROM email_delivery_events AS e
            WHERE e.recipient_id = r.id AND e.event_type = 'failed')""",
    "rows never mailed that have a sent event": """
        SELECT count(*) FROM campaigns_recipient AS r WHERE r.campaign_id = %(campaign)s
        AND r.state IN ('planned', 'claimed', 'skipped', 'cancelled')
        AND EXISTS (SELECT 1 FROM email_delivery_events AS e
            WHERE e.recipient_id = r.id AND e.event_type = 'sent')""",
}


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """Counts by state, and everything that contradicts them; none of it means the ledger holds."""

    counts: dict[RecipientState, int]
    audience_count: int | None
    contradictions: dict[str, int]

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts the ledger."""
        return not self.contradictions


def verify(campaign: Campaign) -> LedgerReport:
    """Return whether every contact is in a campaign once, states add up and events agree."""
    counts = state_counts(campaign.pk)
    with connection.cursor() as cursor:
        found = {
            name: _count(cursor.execute(sql, {"campaign": campaign.pk}).fetchone())
            for name, sql in _CONTRADICTIONS.items()
        }
    total = sum(counts.values())
    if campaign.kind == CampaignKind.BROADCAST and campaign.prepared_at:
        found["rows beyond or short of the audience"] = abs(total - (campaign.audience_count or 0))
    if campaign.state == CampaignState.SENT:
        open_rows = counts[RecipientState.PLANNED] + counts[RecipientState.CLAIMED]
        found["rows still waiting though the campaign is sent"] = open_rows
    return LedgerReport(
        counts, campaign.audience_count, {name: count for name, count in found.items() if count}
    )


def _count(row: tuple[int] | None) -> int:
    return row[0] if row else 0
