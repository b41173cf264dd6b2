"""The first page: facts about an organization, turned into sentences and buttons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

import sending.queries.overview
from campaigns.access import Access
from campaigns.models import Campaign
from campaigns.roles import Role
from campaigns.states import CampaignState
from common.admin import pill
from config.attention import attention, campaign_url
from insights.events import EventType
from sending.queries.overview import Comparison, Setup

EVENT_WORDS = {
    EventType.SENT: "Sent",
    EventType.BOUNCED: "Refused",
    EventType.OPENED: "Opens",
    EventType.CLICKED: "Clicks",
}
FIGURES = "figures"  # the part of the page that is asked for by itself
NOTABLE_CHANGE = 0.5  # of the usual number; smaller ups and downs are not named


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps in a new organization."""

    title: str
    text: str
    button: str
    url: str
    done: bool


def callback(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return what the first page shows: what runs, what needs attention, today, first steps."""
    access: Access | None = getattr(request, "access", None) or None
    context |= {"title": "Overview", "access": access}
    if access:
        now = timezone.now()  # noqa: TID251  the first page of the admin is an edge
        found = sending.queries.overview.overview(access.organization, now=now)
        steps = first_steps(found.setup)
        context |= {
            "running": [_running(campaign, waiting) for campaign, waiting in found.running],
            "scheduled": found.scheduled,
            "attention": attention(found),
            "figures": _figures(access, now=now) if FIGURES in request.GET else None,
            "figures_url": f"?{FIGURES}=1",
            "steps": steps if access.may(Role.EDITOR) else [],
            "next_step": next((step for step in steps if not step.done), None),
            "has_campaign": found.setup.has_campaign,
            "may_edit": access.may(Role.EDITOR),
        }
    return context


def first_steps(setup: Setup) -> list[Step]:
    """Return the way from an empty organization to the first campaign."""
    return [
        Step(
            "Say how mail leaves",
            "A transport is the server that mail is handed to; a sending IP goes through it.",
            "Add a transport" if not setup.has_transport else "Add a sending IP",
            _add("iprouting_sendingip" if setup.has_transport else "iprouting_transport"),
            done=setup.has_active_ip,
        ),
        Step(
            "Say who it is from",
            "A domain of yours, and a name and address on it.",
            "Add an identity",
            _add("campaigns_identity"),
            done=setup.has_identity,
        ),
        Step(
            "Bring in contacts",
            "A CSV or Excel file; rows that are broken are named, the rest goes in.",
            "Import contacts",
            _add("campaigns_importjob"),
            done=setup.has_subscribers,
        ),
        Step(
            "Write a campaign",
            "Look at it as any contact would get it, send yourself a test, then start.",
            "Write a campaign",
            _add("campaigns_campaign"),
            done=setup.has_campaign,
        ),
    ]


def _add(name: str) -> str:
    return reverse(f"admin:{name}_add")


def _running(campaign: Campaign, waiting: int) -> dict[str, Any]:
    total = campaign.audience_count or 0
    percent = f"{100 * max(0, total - waiting) / total:.1f}" if total else "0.0"
    return {
        "campaign": campaign,
        "total": total,
        "waiting": waiting,
        "percent": percent,
        "state": pill(
            campaign.get_state_display(),
            "warning" if campaign.state == CampaignState.PAUSED else "active",
        ),
        "url": campaign_url("overview", campaign.pk),
    }


def _figures(access: Access, *, now: datetime) -> list[dict[str, Any]]:
    """Return the numbers of today; the page asks for them once it is there."""
    found = sending.queries.overview.compared(access.organization, now=now)
    return [_figure(comparison) for comparison in found]


def _figure(comparison: Comparison) -> dict[str, Any]:
    """Return one number of today beside the usual one, and in words how they differ."""
    usual = comparison.usual
    difference = ""
    if usual and abs(comparison.today - usual) > NOTABLE_CHANGE * usual:
        difference = "above usual" if comparison.today > usual else "below usual"
    return {
        "word": EVENT_WORDS[comparison.event_type],
        "today": comparison.today,
        "usual": None if usual is None else round(usual),
        "difference": difference,
    }
