"""What a search for messages can be narrowed to: the names there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from campaigns.models import Campaign, ContactList, Identity
from insights.criteria import Criteria
from insights.models import HourlyCount

CAMPAIGNS_OFFERED: Final = 200  # the newest
NAMES_OFFERED: Final = 500
LOOKS_BACK: Final = timedelta(days=90)  # for the providers and IPs that mail went to and from

Choice = tuple[str, str]  # the value, and what it is called


@dataclass(frozen=True, slots=True)
class Choices:
    """What each filter offers; what is chosen is among it, whatever it is."""

    campaigns: list[Choice]
    identities: list[Choice]
    lists: list[Choice]
    providers: list[str]
    ips: list[str]


def choices_of(organization_id: int, *, chosen: Criteria, now: datetime) -> Choices:
    """Return what a search in an organization can be narrowed to."""
    counts = HourlyCount.objects.filter(organization_id=organization_id, hour__gte=now - LOOKS_BACK)
    pairs = set(counts.values_list("provider", "ip").distinct())
    campaigns = Campaign.objects.filter(organization_id=organization_id)
    identities = Identity.objects.filter(organization_id=organization_id)
    lists = ContactList.objects.filter(organization_id=organization_id)
    return Choices(
        campaigns=_named(campaigns, "name", "-created_at", CAMPAIGNS_OFFERED, chosen.campaign),
        identities=_named(identities, "from_address", "from_address", chosen=chosen.identity),
        lists=_named(lists, "name", "name", chosen=chosen.list),
        providers=sorted({provider for provider, _ in pairs} | {chosen.provider} - {""}),
        ips=sorted({ip for _, ip in pairs} - {""} | {chosen.ip} - {""}),
    )


def _named(
    rows: QuerySet[Any],
    field: str,
    order: str,
    limit: int = NAMES_OFFERED,
    chosen: int | None = None,
) -> list[Choice]:
    """Return the first of some rows by name, and the chosen one in any case."""
    offered = [
        (str(pk), name) for pk, name in rows.order_by(order).values_list("pk", field)[:limit]
    ]
    if chosen and str(chosen) not in dict(offered):
        offered += [(str(pk), name) for pk, name in rows.filter(pk=chosen).values_list("pk", field)]
    return offered
