"""How far a campaign is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import campaigns.queries.ledger
import insights.queries.messages
import iprouting.queries
import warmup.queries
from campaigns.models import Campaign
from campaigns.states import CampaignState, RecipientState
from sending.queries.rooms import (
    CapWait,
    Forecast,
    RoomWait,
    cap_wait,
    closed_providers,
    forecast,
    room_wait,
)

RATE_WINDOW = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of one campaign's ledger, with its pace. `seconds_left` is None while unknown.

    `waits_for_room` is what those who wait wait for if it is room on warming IPs, and `forecast`
    how long that will go on. `waits_for_providers` is set where some of them, as many as `capped`
    says, are at providers that have got what warming IPs may send them today.
    """

    total: int
    waiting: int
    claimed: int
    sent: int
    delivered: int
    bounced: int
    failed: int
    skipped: int
    cancelled: int
    in_doubt: int
    share_done: float  # 0 to 1
    rate_per_second: float | None
    seconds_left: int | None
    next_due_at: datetime | None
    problem: str
    waits_for_room: RoomWait | None
    waits_for_providers: CapWait | None
    capped: int
    forecast: Forecast | None


def progress(campaign: Campaign, *, now: datetime) -> Progress:
    """Return how far a campaign is; one count over its ledger."""
    counts = campaigns.queries.ledger.state_counts(campaign.pk)
    total = sum(counts.values())
    left = counts[RecipientState.PLANNED] + counts[RecipientState.CLAIMED]
    sending = campaign.state == CampaignState.SENDING
    rate = _rate(campaign.pk, now=now) if sending else None
    warming = _warming(campaign, now=now) if sending and left else _Warming()
    return Progress(
        total=total,
        waiting=counts[RecipientState.PLANNED],
        claimed=counts[RecipientState.CLAIMED],
        sent=counts[RecipientState.SENT],
        delivered=counts[RecipientState.DELIVERED],
        bounced=counts[RecipientState.BOUNCED],
        failed=counts[RecipientState.FAILED],
        skipped=counts[RecipientState.SKIPPED],
        cancelled=counts[RecipientState.CANCELLED],
        in_doubt=counts[RecipientState.IN_DOUBT],
        share_done=(total - left) / total if total else 0.0,
        rate_per_second=rate,
        seconds_left=int(left / rate) + 1 if rate and left else None,
        next_due_at=campaigns.queries.ledger.next_due_at(campaign.pk) if sending else None,
        problem=campaign.problem,
        waits_for_room=warming.room,
        waits_for_providers=warming.providers,
        capped=warming.capped,
        forecast=warming.forecast,
    )


@dataclass(frozen=True, slots=True)
class _Warming:
    """What warm-ups make of those who wait; nothing if an IP is warm."""

    room: RoomWait | None = None
    providers: CapWait | None = None
    capped: int = 0
    forecast: Forecast | None = None


def _warming(campaign: Campaign, *, now: datetime) -> _Warming:
    usable = iprouting.queries.usable_ips(campaign.organization_id, stream=campaign.stream, now=now)
    ips = {ip.pk: ip for ip in usable}
    rooms = warmup.queries.rooms(ips, now=now)
    if not ips or len(rooms) < len(ips):
        return _Warming()
    waiting = campaigns.queries.ledger.waiting_by_provider(campaign.pk)
    room = room_wait(ips, rooms)
    closed = [] if room else [p for p in waiting if p in closed_providers(rooms, ips)]
    return _Warming(
        room,
        cap_wait(closed, ips, rooms) if closed else None,
        sum(waiting[provider] for provider in closed),
        forecast(ips, by_provider=waiting, now=now),
    )


def _rate(campaign_id: int, *, now: datetime) -> float | None:
    """Return messages a second over the last moments, or None when nothing moved."""
    count = insights.queries.messages.handed_over_since(campaign_id, since=now - RATE_WINDOW)
    return count / RATE_WINDOW.total_seconds() if count else None
