"""Starts by people: refused with the reasons when something has to be mended first."""

from __future__ import annotations

from datetime import datetime

import campaigns.operations.campaigns
import sending.queries.preflight
from campaigns.models import Campaign
from common.errors import DomainError


class NotReadyError(DomainError):
    """Something has to be mended before this campaign may start; `extra["problems"]` says what."""


def start(campaign: Campaign, *, actor: str, now: datetime) -> None:
    """Start a campaign now. Raises NotReadyError, IllegalMoveError or CampaignChangedError."""
    _require_ready(campaign, now=now)
    campaigns.operations.campaigns.begin(campaign, actor=actor, now=now)


def schedule_start(campaign: Campaign, *, at: datetime, actor: str, now: datetime) -> None:
    """Let a campaign start by itself at `at`. Raises as `start`, and for a time in the past."""
    _require_ready(campaign, now=now)
    campaigns.operations.campaigns.schedule(campaign, at=at, actor=actor, now=now)


def _require_ready(campaign: Campaign, *, now: datetime) -> None:
    blocking = sending.queries.preflight.preflight(campaign, now=now).blocking
    if blocking:
        raise NotReadyError(
            "not_ready",
            " ".join(problem.message for problem in blocking),
            {
                "problems": [
                    {"code": p.code, "message": p.message, "field": p.field} for p in blocking
                ]
            },
        )
