"""Our own send path: makes campaigns that are ready to be sent, sends one, checks what it did.

Needs Django: runs in child processes, see bench/child.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection

import iprouting.queries
import sending.operations.lifecycle
import sending.operations.starting
from bench.newsletters import NEWSLETTERS, person
from campaigns.ledger import ClaimedRecipient
from campaigns.models import (
    Campaign,
    Contact,
    ContactList,
    Identity,
    Organization,
    Recipient,
    SendingDomain,
    Subscription,
)
from campaigns.queries.ledger import state_counts
from campaigns.states import RecipientState
from iprouting.models import Pool, SendingIP, Transport, TransportSecurity
from sending.mailing import CampaignMail, date_header
from sending.pipeline import run_campaign
from suppression.models import Suppression

CONNECTIONS = 16
SUPPRESSED = 1000  # other addresses, so that the check has something to look through
SAMPLE = 200  # messages whose size is taken
ROWS = 5000  # of one INSERT
SEND_SECONDS = 3600.0


class IncompleteError(Exception):
    """A campaign did not reach everybody."""


def prepare(messages: int, *, port: int, kinds: Sequence[str]) -> list[int]:
    """Return the ids of campaigns, one for each kind, to the same contacts; all wait to be sent."""
    list_ = ContactList.objects.filter(slug="everybody").first() or _audience(messages, port=port)
    ids = [_prepared(list_, kind).pk for kind in kinds]
    _tidy_up()
    return ids


def send(campaign_id: int) -> int:
    """Send what is due of a campaign and return how many messages that was."""
    return run_campaign(campaign_id, clock=_now, seconds=SEND_SECONDS).handed_over


def check(campaign_id: int) -> None:
    """Raise IncompleteError unless every recipient of a campaign was sent to."""
    counts = state_counts(campaign_id)
    if sum(counts.values()) != counts[RecipientState.SENT]:
        left = {state.value: count for state, count in counts.items() if count}
        raise IncompleteError(f"Not everybody was sent to: {left}")


def mean_size(campaign_id: int) -> int:
    """Return the mean size in octets of a campaign's messages, as they go over the wire."""
    campaign = Campaign.objects.select_related("organization", "identity__domain").get(
        pk=campaign_id
    )
    ip = iprouting.queries.configured_ips(campaign.organization_id, stream=campaign.stream).get()
    mail = CampaignMail(campaign, ips={ip.pk: ip})
    recipients = Recipient.objects.filter(campaign=campaign).select_related("contact")[:SAMPLE]
    rows = [_row(recipient) for recipient in recipients]
    for list_id in {row.list_id for row in rows}:
        mail.load_list(list_id)
    date = date_header(_now())
    sizes = [len(mail.envelope(row, ip_id=ip.pk, date=date).data) for row in rows]
    return round(sum(sizes) / len(sizes))


def _row(recipient: Recipient) -> ClaimedRecipient:
    contact = recipient.contact
    if contact is None:
        raise IncompleteError("A contact of the bench is missing.")
    return ClaimedRecipient(
        id=recipient.pk,
        contact_id=contact.pk,
        list_id=recipient.list_id,
        email=recipient.email,
        email_key=contact.email_key,
        provider=recipient.provider,
        variant=recipient.variant,
        engagement_days=recipient.engagement_days,
        message_id=recipient.message_id,
        attempts=1,
        data=None,
        first_name=contact.first_name,
        last_name=contact.last_name,
        language=contact.language,
        timezone=contact.timezone,
        attributes=contact.attributes,
    )


def _prepared(list_: ContactList, kind: str) -> Campaign:
    newsletter = NEWSLETTERS[kind]
    campaign = Campaign.objects.create(
        organization=list_.organization,
        name=f"Bench {kind}",
        identity=list_.organization.identities.get(),
        subject=newsletter.subject,
        html=newsletter.html,
        text=newsletter.text,
    )
    campaign.lists.set([list_])
    sending.operations.starting.start(campaign, actor="bench", now=_now())
    sending.operations.lifecycle.prepare(campaign.pk, now=_now())
    return campaign


def _audience(messages: int, *, port: int) -> ContactList:
    organization = Organization.objects.create(name="Bench", slug="bench")
    _senders(organization, port=port)
    list_ = ContactList.objects.create(
        organization=organization, name="Everybody", slug="everybody"
    )
    contacts = Contact.objects.bulk_create(
        (_contact(organization, number) for number in range(messages)), batch_size=ROWS
    )
    Subscription.objects.bulk_create(
        (Subscription(contact=contact, list=list_) for contact in contacts), batch_size=ROWS
    )
    Suppression.objects.bulk_create(
        Suppression(organization=organization, email=f"gone{n}@mail.example", added_at=_now())
        for n in range(SUPPRESSED)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would have done by itself by now
    _tidy_up()
    return list_


def _tidy_up() -> None:
    """Do what autovacuum does by itself within minutes after so many new rows."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _contact(organization: Organization, number: int) -> Contact:
    address = f"person{number}@mail{number % 50}.example"
    return Contact(
        organization=organization,
        email=address,
        email_key=address,
        domain=address.partition("@")[2],
        language="en",
        timezone="Europe/Berlin",
        **person(number),
    )


def _senders(organization: Organization, *, port: int) -> None:
    transport = Transport.objects.create(
        organization=organization,
        name="smtp-sink",
        host="127.0.0.1",
        port=port,
        security=TransportSecurity.NONE,
        connections=CONNECTIONS,
        messages_per_connection=0,
    )
    SendingIP.objects.create(
        organization=organization,
        address="127.0.0.1",
        pool=Pool.objects.create(organization=organization, name="Bench"),
        transport=transport,
    )
    Identity.objects.create(
        organization=organization,
        domain=SendingDomain.objects.create(organization=organization, name="news.bench.example"),
        from_name="Bench News",
        from_address="letter@news.bench.example",
    )


def _now() -> datetime:
    return datetime.now(UTC)
