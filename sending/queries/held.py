"""At which mailbox providers a campaign cannot go on, because they hold every sending IP back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import iprouting.queries
import iprouting.queries.breakers
from campaigns.models import Campaign, Recipient
from campaigns.states import RecipientState
from iprouting.breakers import BreakerState
from iprouting.models import Breaker
from iprouting.queries.breakers import standing_of


@dataclass(frozen=True, slots=True)
class Held:
    """A provider that gets no mail of a campaign, and until when; None is a matter of probes."""

    provider: str
    until: datetime | None


def held(campaign: Campaign, *, now: datetime) -> list[Held]:
    """Return the providers that stop every usable IP while mail of the campaign waits for them."""
    usable = iprouting.queries.usable_ips(campaign.organization_id, stream=campaign.stream, now=now)
    addresses = {ip.address for ip in usable}
    stopped: dict[str, list[Breaker]] = defaultdict(list)
    for breaker in iprouting.queries.breakers.not_closed(
        campaign.organization_id, addresses=addresses
    ):
        if standing_of(breaker).at(now) in {BreakerState.SUSPENDED, BreakerState.PROBING}:
            stopped[breaker.provider].append(breaker)
    return [
        Held(provider, _first_end(breakers, now=now))
        for provider, breakers in sorted(stopped.items())
        if len(breakers) == len(addresses) and _waits(campaign, provider)
    ]


def _first_end(breakers: list[Breaker], *, now: datetime) -> datetime | None:
    """Return when the first of the IPs may try again, None if one of them tries already."""
    ends = [breaker.until for breaker in breakers if breaker.until and breaker.until > now]
    return min(ends) if len(ends) == len(breakers) else None


def _waits(campaign: Campaign, provider: str) -> bool:
    waiting = Recipient.objects.filter(campaign=campaign, state=RecipientState.PLANNED)
    return waiting.filter(provider=provider).exists()
