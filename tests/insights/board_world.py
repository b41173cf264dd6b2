"""A week of mail to several providers, one of which refuses a lot, as hourly counts and events."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from insights.models import DeliveryEvent, HourlyCount
from tests.factories.campaigns import CampaignFactory, ContactListFactory, IdentityFactory

HOUR = timedelta(hours=1)
# Provider -> share of the audience, share refused, share complaining, share opening.
PROVIDERS = {
    "gmail": (0.41, 0.004, 0.0002, 0.24),
    "outlook": (0.17, 0.009, 0.0003, 0.19),
    "yahoo": (0.14, 0.123, 0.0009, 0.08),
    "microsoft365": (0.09, 0.006, 0.0, 0.22),
    "apple": (0.07, 0.003, 0.0002, 0.31),
    "gmx": (0.05, 0.012, 0.0001, 0.21),
    "other": (0.07, 0.015, 0.0, 0.18),
}
REFUSAL = "5.7.9 Message not accepted for policy reasons. See https://postmaster.example/errors"
IPS = ("203.0.113.7", "203.0.113.8")


def campaign_world(organization, *, name, started, size, seed=1, identity=None, hours=60):
    """Store a campaign and what became of it: most in the first hours, less and less after that."""
    rng = random.Random(seed)
    identity = identity or IdentityFactory(organization=organization)
    campaign = CampaignFactory(
        organization=organization,
        identity=identity,
        name=name,
        started_at=started,
        state="sent",
        audience_count=size,
    )
    lists = [
        ContactListFactory(organization=organization, name=f"{word} of {name}")
        for word in ("Readers", "Customers")
    ]
    first = started.replace(minute=0, second=0, microsecond=0)
    rows = [
        row
        for provider in PROVIDERS
        for number, list_ in enumerate(lists)
        for row in _rows(
            campaign, list_, provider, first, size=size * (0.7, 0.3)[number], hours=hours, rng=rng
        )
    ]
    HourlyCount.objects.bulk_create(rows)
    return campaign


def _rows(campaign, list_, provider, first, *, size, hours, rng):
    share, refused, complaining, opening = PROVIDERS[provider]
    total = round(size * share)
    for hour in range(hours):
        sent = round(total * (0.5, 0.3, 0.2)[hour]) if hour < 3 else 0
        decay = 0.88**hour * 0.12
        opened = round(total * opening * decay * rng.uniform(0.8, 1.2))
        bounced = round(sent * refused)
        row = HourlyCount(
            hour=first + HOUR * hour,
            organization_id=campaign.organization_id,
            campaign_id=campaign.pk,
            provider=provider,
            identity_id=campaign.identity_id,
            list_id=list_.pk,
            ip=IPS[hour % 2],
            stream="marketing",
            variant="AB"[hour % 2],
            sent=sent,
            delivered=sent - bounced,
            bounced=bounced,
            deferred=round(sent * (0.2 if provider == "yahoo" else 0.01)),
            complaints=round(total * complaining) if hour == 4 else 0,
            unique_opens=opened,
            opens=round(opened * 1.3),
            machine_opens=round(total * (0.6 if provider == "apple" else 0.1) * decay),
            unique_clicks=round(opened * 0.16),
            clicks=round(opened * 0.2),
            machine_clicks=round(total * 0.02 * decay),
            unsubscribes=round(opened * 0.01),
            replies=1 if provider == "other" and hour == 5 else 0,
        )
        yield row


def refusals(campaign, *, provider="yahoo", number=40, response=REFUSAL, at=None):
    """Store refusals with what the provider said."""
    at = at or campaign.started_at
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(
            organization_id=campaign.organization_id,
            campaign_id=campaign.pk,
            recipient_id=place + 1,
            event_type="bounced",
            provider=provider,
            stream="marketing",
            smtp_code=554,
            enhanced_code="5.7.9",
            smtp_response=response,
            bounce_class="block",
            source="smtp",
            ts=at + timedelta(seconds=place),
        )
        for place in range(number)
    )


def week(organization, *, now: datetime):
    """Store three campaigns of the last nine days; all have a problem with Yahoo."""
    identity = IdentityFactory(organization=organization)
    made = [
        campaign_world(
            organization,
            name=name,
            started=now - timedelta(days=days, hours=hours),
            size=size,
            seed=days,
            identity=identity,
        )
        for name, days, hours, size in (
            ("Autumn letter", 9, 3, 18_000),
            ("Black Friday preview", 4, 6, 42_000),
            ("Last chance", 1, 10, 9_000),
        )
    ]
    for campaign in made:
        refusals(campaign)
    return made
