"""What figures can be narrowed to, and what else happened meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campaigns.models import Campaign, CampaignKind, ContactList, Identity
from insights.models import HourlyCount
from insights.periods import Period

CAMPAIGNS_OFFERED: Final = 200  # the newest; older ones are reached from their own page
NAMES_OFFERED: Final = 500
STARTS_MARKED: Final = 40  # more would hide the figures

Choice = tuple[str, str]  # the value, and what it is called


@dataclass(frozen=True, slots=True)
class Start:
    """When a campaign began to go out."""

    campaign_id: int
    name: str
    at: datetime


def campaigns_sent(organization_id: int, *, selected: int | None = None) -> list[Choice]:
    """Return the campaigns that have been started, newest first; the selected one in any case."""
    started = Campaign.objects.filter(organization_id=organization_id, started_at__isnull=False)
    newest = started.order_by("-started_at", "-pk").values_list("pk", "name")
    offered = [(str(pk), name) for pk, name in newest[:CAMPAIGNS_OFFERED]]
    if selected is None or str(selected) in dict(offered):
        return offered
    one = Campaign.objects.filter(organization_id=organization_id, pk=selected)
    return [*offered, *((str(pk), name) for pk, name in one.values_list("pk", "name"))]


def lists(organization_id: int) -> list[Choice]:
    """Return the lists, by name."""
    rows = ContactList.objects.filter(organization_id=organization_id).order_by("name", "pk")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:NAMES_OFFERED]]


def identities(organization_id: int) -> list[Choice]:
    """Return who mail is sent from, by address."""
    rows = Identity.objects.filter(organization_id=organization_id).order_by("from_address", "pk")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "from_address")[:NAMES_OFFERED]]


def starts(organization_id: int, *, period: Period, campaign_id: int | None = None) -> list[Start]:
    """Return which campaigns started in a period, oldest first; of very many, the last ones."""
    rows = Campaign.objects.filter(
        organization_id=organization_id,
        started_at__gte=period.first_hour,
        started_at__lt=period.end_hour,
    ).exclude(kind=CampaignKind.TRANSACTIONAL)
    if campaign_id is not None:
        rows = rows.filter(pk=campaign_id)
    found = rows.order_by("-started_at").values_list("pk", "name", "started_at")[:STARTS_MARKED]
    return [Start(pk, name, at) for pk, name, at in reversed(found) if at]


def last_hour(organization_id: int, *, campaign_id: int | None = None) -> datetime | None:
    """Return the last hour in which anything happened, None if nothing ever did."""
    rows = HourlyCount.objects.filter(organization_id=organization_id)
    if campaign_id is not None:
        rows = rows.filter(campaign_id=campaign_id)
    return rows.order_by("-hour").values_list("hour", flat=True).first()
