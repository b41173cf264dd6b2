"""Messages to open and click, and what was recorded of them. Needs Django."""

from __future__ import annotations

import select
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection

import insights.operations.partitions
from campaigns.models import (
    Campaign,
    CampaignLink,
    Contact,
    Identity,
    Organization,
    Recipient,
    SendingDomain,
)
from campaigns.states import CampaignState, RecipientState
from common.conf import token_signer
from insights.models import DeliveryEvent
from sending.operations.tracking import record_hits

LINKS: Final = 9
DELIVERED_AGO: Final = timedelta(hours=3)
EVERY_SECONDS: Final = 1.0
ROWS: Final = 5_000  # of one INSERT


def prepare(count: int) -> list[str]:
    """Make messages and return the paths to ask for, one for each: pixel, link, pixel, ..."""
    now = datetime.now(UTC)
    insights.operations.partitions.make_partitions(now=now)
    rows = campaign_with_messages(count, providers=["gmail"], sent_at=now - DELIVERED_AGO)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")  # as autovacuum would have done by itself by now
    return list(_paths([row.pk for row in rows]))


def campaign_with_messages(
    count: int, *, providers: Sequence[str], sent_at: datetime
) -> list[Recipient]:
    """Return the messages of a new campaign of a new organization; all were delivered."""
    campaign = _campaign()
    contacts = Contact.objects.bulk_create(
        (_contact(campaign.organization, number) for number in range(count)), batch_size=ROWS
    )
    return Recipient.objects.bulk_create(
        (
            _row(campaign, contact, provider=providers[number % len(providers)], at=sent_at)
            for number, contact in enumerate(contacts)
        ),
        batch_size=ROWS,
    )


def _paths(ids: list[int]) -> Iterator[str]:
    signer = token_signer()
    for number, recipient_id in enumerate(ids):
        tokens = signer.for_message(recipient_id)
        if number % 2:
            yield f"/t/c/{tokens.clicked}.{1 + number % LINKS}"
        else:
            yield f"/t/o/{tokens.opened}.gif"


def keep_recording() -> int:
    """Record what comes in, once a second as beat has it done, until standard input ends.

    Returns how many hits were recorded; in the end none waits.
    """
    done, go_on = 0, True
    while go_on:
        ready, _, _ = select.select([sys.stdin], [], [], EVERY_SECONDS)
        go_on = not ready
        done += record_hits(now=datetime.now(UTC))
    while more := record_hits(now=datetime.now(UTC)):
        done += more
    return done


def recorded() -> list[int]:
    """Return the numbers of the requests, from 0, that an event is there for."""
    first = Recipient.objects.order_by("pk").values_list("pk", flat=True)[0]
    ids = DeliveryEvent.objects.order_by("recipient_id").values_list("recipient_id", flat=True)
    return [recipient_id - first for recipient_id in ids]


def _campaign() -> Campaign:
    slug = f"bench-{uuid.uuid4()}"  # several processes make one at once
    organization = Organization.objects.create(name="Bench", slug=slug)
    identity = Identity.objects.create(
        organization=organization,
        domain=SendingDomain.objects.create(organization=organization, name="news.bench.example"),
        from_name="Bench News",
        from_address="letter@news.bench.example",
    )
    campaign = Campaign.objects.create(
        organization=organization,
        name="Bench",
        identity=identity,
        subject="News",
        state=CampaignState.SENT.value,
    )
    CampaignLink.objects.bulk_create(
        CampaignLink(campaign=campaign, number=n, url=f"https://shop.bench.example/offer-{n}")
        for n in range(1, LINKS + 1)
    )
    return campaign


def _contact(organization: Organization, number: int) -> Contact:
    address = f"person{number}@mail.example"
    return Contact(
        organization=organization, email=address, email_key=address, domain="mail.example"
    )


def _row(campaign: Campaign, contact: Contact, *, provider: str, at: datetime) -> Recipient:
    return Recipient(
        organization_id=campaign.organization_id,
        campaign=campaign,
        contact=contact,
        email=contact.email,
        provider=provider,
        message_id=f"{contact.pk:x}.bench@news.bench.example",
        state=RecipientState.DELIVERED.value,
        not_before=at,
        sent_at=at,
        delivered_at=at,
        ip="203.0.113.10",
    )
