"""What webhooks can be told of beside mail events: states that changed. Pure.

Each is noted by a trigger of the table that keeps the state, in the transaction that changes it:
whoever changes it, and by whatever statement. See docs/webhooks.md.
"""

from __future__ import annotations

import enum


class HappeningType(enum.StrEnum):
    """A change of state that somebody may want to hear of."""

    CAMPAIGN_STARTED = "campaign.started"
    CAMPAIGN_PAUSED = "campaign.paused"
    CAMPAIGN_RESUMED = "campaign.resumed"
    CAMPAIGN_COMPLETED = "campaign.completed"  # every recipient has an end state
    CAMPAIGN_CANCELLED = "campaign.cancelled"
    CAMPAIGN_FAILED = "campaign.failed"
    IP_BREAKER_OPENED = "ip.breaker_opened"  # an IP stops at a provider, or slows down
    IP_BREAKER_CLOSED = "ip.breaker_closed"
    WARMUP_STARTED = "warmup.started"  # its first day has begun
    WARMUP_ADVANCED = "warmup.advanced"  # another day, with another limit
    WARMUP_PAUSED = "warmup.paused"  # by its figures or by hand
    WARMUP_RESUMED = "warmup.resumed"
    WARMUP_COMPLETED = "warmup.completed"
    WARMUP_ABORTED = "warmup.aborted"  # ended by hand before its time
    SUPPRESSION_CREATED = "suppression.created"  # or made to last longer
    SUPPRESSION_DELETED = "suppression.deleted"
    CONTACT_CREATED = "contact.created"
    CONTACT_UPDATED = "contact.updated"  # what people know of it, not what we find out
    CONTACT_DELETED = "contact.deleted"
    LIST_SUBSCRIBED = "list.subscribed"
    LIST_CONFIRMED = "list.confirmed"
    LIST_UNSUBSCRIBED = "list.unsubscribed"
