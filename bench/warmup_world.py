"""What is played in bench/warmup.py: an IP that warms up, and more people than it may mail.

Needs Django.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection

import insights.operations.partitions
import sending.operations.lifecycle
import sending.operations.starting
import warmup.operations.progress
from campaigns.models import (
    Campaign,
    ContactList,
    Identity,
    Organization,
    Recipient,
    SendingDomain,
)
from campaigns.queries.ledger import due_campaigns, state_counts
from campaigns.states import RecipientState
from iprouting.models import Pool, SendingIP, Transport, TransportSecurity
from sending.pipeline import run_campaign
from sending.queries.verification import verify
from warmup.caps import Cap
from warmup.models import DailyAllowance, ProviderAllowance, Reservation, WarmupSchedule
from warmup.operations.schedules import start_warmup

ZONE: Final = "Europe/Berlin"
FIRST: Final = date(2026, 3, 10)  # the clocks go forward on the 29th
CONNECTIONS: Final = 16
GMAIL: Final = "gmail"
GMAIL_OF_TEN: Final = 3  # people
ENGAGED_ONE_IN: Final = 10
TURN_SECONDS: Final = 3600.0  # more than a turn ever takes
_HTML: Final = (
    "<p>Hello {{ contact.first_name }},</p><p>all that is new is in the "
    '<a href="https://shop.example.com/stories">shop</a>.</p>'
    '<p><a href="{{ unsubscribe_url }}">No more letters</a></p>'
)

_PEOPLE: Final = """
WITH people AS (
    INSERT INTO campaigns_contact (organization_id, email, email_key, domain, first_name, last_name,
        language, timezone, attributes, provider, last_human_at, created_at, updated_at)
    SELECT %(organization)s, email, email, split_part(email, '@', 2), 'Person ' || n, '', 'en',
        '', '{}', provider,
        CASE WHEN n %% %(engaged)s = 0 THEN %(now)s - interval '9 days' END, %(now)s, %(now)s
    FROM (
        SELECT n, provider, %(name)s || n || '@' || provider || '.example' AS email
        FROM (SELECT n, CASE WHEN n %% 10 < %(gmail)s THEN 'gmail' ELSE 'other' END AS provider
            FROM generate_series(1, %(count)s) AS n) AS placed
    ) AS named
    RETURNING id
)
INSERT INTO campaigns_subscription (contact_id, list_id, status, source, evidence, subscribed_at)
SELECT id, %(list)s, 'subscribed', 'bench', '{}', %(now)s FROM people
"""
_HANDED_OVER: Final = """
SELECT count(*), count(*) FILTER (WHERE provider = 'gmail') FROM campaigns_recipient
WHERE sent_at >= %s AND sent_at < %s AND ip = %s
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one date came to, as the product has it. `used` is None where there was no limit."""

    day: int
    daily_limit: int | None
    handed_over: int
    at_gmail: int
    gmail_limit: int | None
    used: int | None
    waiting: int


def moment(day: int, *, hour: int, minute: int = 0) -> datetime:
    """Return a time of the day with this number, 0 for the first, on the organization's clock."""
    local = datetime.combine(FIRST + timedelta(days=day), datetime.min.time(), ZoneInfo(ZONE))
    return local.replace(hour=hour, minute=minute).astimezone(UTC)


def prepare(*, people: int, port: int, gmail_share: float | None) -> None:
    """Make an organization with one new IP, and start its warm-up and a campaign to everybody."""
    now = moment(0, hour=0, minute=1)
    for month in range(0, 120, 28):
        insights.operations.partitions.make_partitions(now=now + timedelta(days=month))
    organization = Organization.objects.create(name="Bench", slug="bench", timezone=ZONE)
    ip = _sender(organization, port=port)
    add_campaign("everybody", people=people, now=now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")  # as autovacuum does by itself soon after so many rows
    caps = [Cap(GMAIL, share=gmail_share)] if gmail_share else []
    start_warmup(ip, now=now, provider_caps=caps)


def add_campaign(name: str, *, people: int, now: datetime) -> None:
    """Start a campaign to a list of people who are in no other."""
    organization = Organization.objects.get()
    list_ = ContactList.objects.create(organization=organization, name=name, slug=name)
    with connection.cursor() as cursor:
        cursor.execute(
            _PEOPLE,
            {
                "organization": organization.pk, "list": list_.pk, "name": f"{name}-", "now": now,
                "count": people, "gmail": GMAIL_OF_TEN, "engaged": ENGAGED_ONE_IN,
            },
        )  # fmt: skip
    campaign = Campaign.objects.create(
        organization=organization,
        name=name,
        identity=organization.identities.get(),
        subject="What is new, {{ contact.first_name }}",
        html=_HTML,
    )
    campaign.lists.set([list_])
    sending.operations.starting.start(campaign, actor="bench", now=now)
    sending.operations.lifecycle.prepare(campaign.pk, now=now)


def pass_time(now: datetime) -> None:
    """Do what beat does at that moment: bring warm-ups to the present, end what is done."""
    warmup.operations.progress.advance_due(now=now)
    sending.operations.lifecycle.end_finished(now=now)


def work() -> None:
    """Be a worker: for each moment that is given, send what is due and say how much it was."""
    for line in sys.stdin:
        began, since = datetime.fromisoformat(line.strip()), time.monotonic()

        def clock(began: datetime = began, since: float = since) -> datetime:
            return began + timedelta(seconds=time.monotonic() - since)

        turns = [
            run_campaign(campaign.pk, clock=clock, seconds=TURN_SECONDS)
            for campaign in due_campaigns(now=clock())
        ]
        print(sum(turn.handed_over for turn in turns), flush=True)


def counted(day: int) -> Counted:
    """Return what the date with this number came to."""
    on, schedule = FIRST + timedelta(days=day), WarmupSchedule.objects.select_related("ip").get()
    begin, end = moment(day, hour=0), moment(day + 1, hour=0)
    with connection.cursor() as cursor:
        cursor.execute(_HANDED_OVER, [begin, end, schedule.ip.address])
        handed_over, at_gmail = cursor.fetchone()
    allowance = DailyAllowance.objects.filter(date=on).first()
    gmail = ProviderAllowance.objects.filter(allowance=allowance, provider=GMAIL).first()
    return Counted(
        day=schedule.current_day,
        daily_limit=allowance.daily_limit if allowance else None,
        handed_over=handed_over,
        at_gmail=at_gmail,
        gmail_limit=gmail.daily_limit if allowance and gmail else None,
        used=allowance.used if allowance else None,
        waiting=Recipient.objects.filter(state=RecipientState.PLANNED).count(),
    )


def contradictions() -> dict[str, int]:
    """Return what is wrong with the ledgers in the end; empty when nothing is."""
    found: dict[str, int] = {}
    for campaign in Campaign.objects.all():
        found |= {f"{campaign.name}: {k}": n for k, n in verify(campaign).contradictions.items()}
        counts = state_counts(campaign.pk)
        odd = sum(counts.values()) - counts[RecipientState.SENT] - counts[RecipientState.PLANNED]
        found |= {f"{campaign.name}: neither sent nor waiting": odd} if odd else {}
    held = Reservation.objects.count()
    return found | ({"room that nobody gave back": held} if held else {})


def total() -> dict[str, int]:
    """Return how many people there are, and how many of them were sent to."""
    sent = Recipient.objects.filter(state=RecipientState.SENT).count()
    return {"people": Recipient.objects.count(), "sent": sent}


def _sender(organization: Organization, *, port: int) -> SendingIP:
    transport = Transport.objects.create(
        organization=organization,
        name="receiver",
        host="127.0.0.1",
        port=port,
        security=TransportSecurity.NONE,
        connections=CONNECTIONS,
        messages_per_connection=0,
    )
    Identity.objects.create(
        organization=organization,
        domain=SendingDomain.objects.create(organization=organization, name="news.bench.example"),
        from_name="Bench News",
        from_address="letter@news.bench.example",
    )
    return SendingIP.objects.create(
        organization=organization,
        address="127.0.0.1",
        pool=Pool.objects.create(organization=organization, name="Bench"),
        transport=transport,
    )
