"""Whom a campaign may mail, and why it may not mail others."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

import campaigns.queries.audience
import suppression.queries
from campaigns.models import Campaign, Contact


def mailable(campaign: Campaign, *, now: datetime) -> QuerySet[Contact]:
    """Return the subscribed contacts of a campaign who are not suppressed, each once."""
    allowed = suppression.queries.not_suppressed(
        organization_id=campaign.organization_id, stream=campaign.stream, now=now
    )
    return campaigns.queries.audience.subscribed(campaign, now=now).filter(allowed)
