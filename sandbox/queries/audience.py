"""What the audience says it did, beside what the product counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Sum

import insights.queries.inbox
from campaigns.models import Campaign
from insights.events import EventType, Source
from insights.models import DeliveryEvent, HourlyCount
from sandbox.audience.diary import FIGURES, Entry, tally

_OF_EVENTS = "late_bounces"  # the counts do not tell a late bounce from a refusal


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, as the audience tells it and as the product counts it."""

    name: str
    told: int
    counted: int

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.told == self.counted


def compared(campaign: Campaign, entries: Iterable[Entry]) -> list[Figure]:
    """Return every figure of a campaign, as told by the entries that are about its messages."""
    told = tally(_about(campaign, list(entries)))
    counted = _counted(campaign.pk)
    return [Figure(name, told[name], counted[name]) for name in FIGURES]


def _about(campaign: Campaign, entries: list[Entry]) -> list[Entry]:
    rows = insights.queries.inbox.with_message_id(
        {entry.message_id for entry in entries}, organization_id=campaign.organization_id
    )
    ours = set(
        campaign.recipients.filter(pk__in=rows.values()).values_list("message_id", flat=True)
    )
    return [entry for entry in entries if entry.message_id in ours]


def _counted(campaign_id: int) -> Mapping[str, int]:
    names = [name for name in FIGURES if name != _OF_EVENTS]
    sums = HourlyCount.objects.filter(campaign_id=campaign_id).aggregate(
        **{f"sum_of_{name}": Sum(name, default=0) for name in names}
    )
    late = DeliveryEvent.objects.filter(
        campaign_id=campaign_id, event_type=EventType.BOUNCED, source=Source.MAIL
    )
    return {name: sums[f"sum_of_{name}"] for name in names} | {
        _OF_EVENTS: late.values("recipient_id").distinct().count()
    }
