"""Starts the demo's ready campaign, once."""

from __future__ import annotations

from datetime import datetime

import sending.operations.starting
from campaigns.models import Campaign
from campaigns.states import EDITABLE, CampaignState
from sandbox.demo import shop


def ready_campaign() -> Campaign | None:
    """Return the demo's ready campaign, or None when somebody has deleted or renamed it."""
    return (
        Campaign.objects.filter(organization__slug=shop.SLUG, name=shop.READY_CAMPAIGN)
        .order_by("pk")
        .first()
    )


def start_once(campaign: Campaign, *, now: datetime) -> bool:
    """Start a campaign that was never started, and return whether it was started now."""
    if CampaignState(campaign.state) not in EDITABLE:
        return False
    sending.operations.starting.start(campaign, actor="demo", now=now)
    return True
