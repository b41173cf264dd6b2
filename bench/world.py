"""A world to ask questions of: millions of events, made by SQL alone, with ledger and roll-ups.

Campaigns of different sizes over the last weeks, to contacts at a dozen providers, over several
identities, lists and IPs. What happened to each message is drawn with a fixed seed and written to
the ledger; its events follow from that, in partitions as in production, and the counts are those
that the product itself makes from events and ledger. Needs Django.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection

import insights.operations.partitions
import insights.operations.rollups
import insights.operations.summaries
from campaigns.models import (
    Campaign,
    Contact,
    ContactList,
    Identity,
    Organization,
    Recipient,
    SendingDomain,
)
from campaigns.states import CampaignState
from insights.events import TYPE_NUMBERS, EventType
from insights.partitions import month_of

DAYS: Final = 34
CAMPAIGNS: Final = 300
IDENTITIES: Final = 4
LISTS: Final = 8
EVENTS_EACH: Final = 3.0  # of one message, about
LARGE_EVERY: Final = 10  # campaigns, one goes to many
LARGE_SHARE: Final = 8  # one contact in so many is mailed by a large campaign
SMALL_SHARE: Final = 50
REBUILT_TOGETHER: Final = 25  # campaigns
SLUG: Final = "bench"

_PROVIDERS: Final = (
    ("gmail", 34), ("outlook", 17), ("microsoft365", 11), ("google_workspace", 8), ("yahoo", 8),
    ("apple", 6), ("gmx", 4), ("webde", 3), ("tonline", 2), ("orange", 2), ("proofpoint", 1),
    ("other", 4),
)  # fmt: skip
_IPS: Final = ("203.0.113.10", "203.0.113.11", "203.0.113.12", "203.0.113.13")
_REFUSALS: Final = (
    (550, "5.1.1", "hard", "The email account that you tried to reach does not exist."),
    (550, "5.1.1", "hard", "Requested action not taken: mailbox unavailable"),
    (552, "5.2.2", "soft", "Mailbox full, the recipient has to free space first"),
    (550, "5.7.1", "block", "Service unavailable, client host blocked using reputation lists"),
    (554, "5.7.9", "block", "Message not accepted for policy reasons"),
)

_CONTACTS: Final = """
INSERT INTO campaigns_contact (organization_id, email, email_key, domain, first_name, last_name,
    language, timezone, attributes, provider, created_at, updated_at)
SELECT %(organization)s, email, email, split_part(email, '@', 2), 'First' || n %% 997,
    'Last' || n %% 4999, 'en', 'Europe/Berlin', '{}', provider, %(now)s, %(now)s
FROM (
    SELECT n, provider, 'person' || n || '@' || provider || n %% 40 || '.example' AS email
    FROM (
        SELECT n, (%(providers)s::text[])[
                1 + n::bigint * 7919 %% cardinality(%(providers)s::text[])
            ] AS provider
        FROM generate_series(1, %(count)s) AS n
    ) AS placed
) AS named
"""
# What happened is drawn once a message; times after now have not come yet. `r` are even draws.
_LEDGER: Final = """
INSERT INTO campaigns_recipient (organization_id, campaign_id, contact_id, list_id, email,
    provider, variant, engagement_days, message_id, state, reason, not_before, attempts, ip,
    smtp_code, enhanced_code, smtp_response, bounce_class, queue_id, sent_at, delivered_at,
    bounced_at, opened_at, clicked_at, replied_at, unsubscribed_at, complained_at)
SELECT %(organization)s, %(campaign)s, contact_id, list_id, email, provider, variant, 32767,
    to_hex(contact_id) || '.' || %(campaign)s || '@news.bench.example',
    CASE WHEN bounced_at IS NOT NULL THEN 'bounced' WHEN delivered_at IS NOT NULL THEN 'delivered'
        ELSE 'sent' END,
    '', %(start)s, 1, ip, CASE WHEN bounced_at IS NULL THEN 250 ELSE refusal.code END,
    CASE WHEN bounced_at IS NULL THEN '2.0.0' ELSE refusal.enhanced END,
    CASE WHEN bounced_at IS NULL THEN '2.0.0 OK: taken as ' || queue_id
        ELSE refusal.enhanced || ' <' || email || '>: ' || refusal.words || ' ' || queue_id END,
    CASE WHEN bounced_at IS NULL THEN '' ELSE refusal.class END, queue_id, sent_at,
    delivered_at, bounced_at,
    CASE WHEN opened_at < %(now)s THEN opened_at END,
    CASE WHEN r[5] < 0.12 AND opened_at + interval '40 s' < %(now)s
        THEN opened_at + interval '40 s' END,
    CASE WHEN r[6] < 0.002 AND opened_at < %(now)s THEN opened_at END,
    CASE WHEN r[6] > 0.996 AND opened_at < %(now)s THEN opened_at END,
    CASE WHEN r[5] > 0.998 AND opened_at < %(now)s THEN opened_at END
FROM (
    SELECT *, CASE WHEN r[2] < 0.985 THEN sent_at + r[3] * interval '50 s' END AS delivered_at,
        CASE WHEN r[2] >= 0.985 THEN sent_at + r[3] * interval '3 h' END AS bounced_at,
        CASE WHEN r[2] < 0.985 AND r[4] < 0.3
            THEN sent_at + interval '1 min' - ln(1 - r[3]) * interval '14 h' END AS opened_at,
        1 + floor(r[6] * cardinality(%(codes)s::int[]))::int AS chosen
    FROM (
        SELECT *, %(start)s::timestamptz + r[1] * interval '100 min' AS sent_at,
            upper(to_hex((r[1] * 4e9)::bigint + contact_id)) AS queue_id
        FROM (
            SELECT c.id AS contact_id, c.email, c.provider,
                (%(lists)s::bigint[])[1 + floor(random() * 2)::int] AS list_id,
                (%(ips)s::text[])[1 + floor(random() * 2)::int] AS ip,
                (%(variants)s::text[])[
                    1 + floor(random() * cardinality(%(variants)s::text[]))::int
                ] AS variant,
                ARRAY[random(), random(), random(), random(), random(), random()] AS r
            FROM campaigns_contact AS c
            WHERE c.organization_id = %(organization)s
                AND hashint8extended(c.id, %(campaign)s) %% %(share)s = 0
        ) AS drawn
    ) AS handed_over
) AS told
LEFT JOIN LATERAL (SELECT (%(codes)s::int[])[chosen] AS code,
    (%(enhanced)s::text[])[chosen] AS enhanced, (%(classes)s::text[])[chosen] AS class,
    (%(words)s::text[])[chosen] AS words) AS refusal ON true
"""
_ATTEMPT_KEY: Final = (
    "(lpad(to_hex(r.id), 16, '0') || lpad(to_hex((1::bigint << 8) | {number}), 16, '0'))::uuid"
)


def _told(event_type: EventType, *, at: str, where: str, **given: str) -> str:
    """Return the events of one kind that follow from ledger rows called `r`."""
    machine = event_type in (EventType.OPENED, EventType.CLICKED)
    values = {
        "smtp_code": "NULL::int",
        "response": "''",
        "actor": "''",
        "url": "''",
        "link": "NULL::int",
        "source": "'stalwart'",
        "key": "gen_random_uuid()" if machine else _ATTEMPT_KEY.format(
            number=TYPE_NUMBERS[event_type]
        ),
        **given,
    }  # fmt: skip
    return (
        f"SELECT r.*, '{event_type}' AS event_type, {values['smtp_code']} AS code,"
        f" {values['response']} AS response, {values['actor']} AS actor, {values['url']} AS url,"
        f" {values['link']} AS link_number, {values['source']} AS source,"
        f" {values['key']} AS natural_key, {at} AS ts FROM r WHERE {where}"
    )


_HUMAN, _MACHINE, _TRACKED = "'human'", "'machine'", "'tracking'"
_AGAIN: Final = "r.opened_at + interval '7 min' * (1 + r.id %% 90)"
_PREFETCHED: Final = "r.delivered_at + interval '1 min' * (r.id %% 70)"
_TELLING: Final = "\nUNION ALL ".join(
    [
        _told(EventType.SENT, at="r.sent_at", where="true", smtp_code="250",
              response="'2.0.0 Ok: queued as ' || r.queue_id", source="'smtp'"),
        _told(EventType.DELIVERED, at="r.delivered_at", where="r.delivered_at IS NOT NULL",
              smtp_code="250", response="r.smtp_response"),
        _told(EventType.BOUNCED, at="r.bounced_at", where="r.bounced_at IS NOT NULL",
              smtp_code="r.smtp_code", response="r.smtp_response"),
        _told(EventType.DEFERRED, at="r.sent_at + interval '9 s'", where="r.id %% 25 = 3",
              smtp_code="451",
              response="'4.7.1 Greylisting in action, please come back later ' || r.queue_id"),
        _told(EventType.OPENED, at="r.opened_at", where="r.opened_at IS NOT NULL",
              actor=_HUMAN, source=_TRACKED),
        _told(EventType.OPENED, at=_AGAIN, actor=_HUMAN, source=_TRACKED,
              where=f"r.opened_at IS NOT NULL AND r.id %% 3 = 0 AND {_AGAIN} < %(now)s"),
        _told(EventType.OPENED, at=_PREFETCHED, actor=_MACHINE, source=_TRACKED,
              where=f"r.delivered_at IS NOT NULL AND r.id %% 2 = 0 AND {_PREFETCHED} < %(now)s"),
        _told(EventType.CLICKED, at="r.clicked_at", where="r.clicked_at IS NOT NULL",
              actor=_HUMAN, source=_TRACKED, link="1 + (r.id %% 9)::int",
              url="'https://shop.bench.example/offer-' || r.id %% 9"),
        _told(EventType.CLICKED, at="r.delivered_at + interval '1 s'", actor=_MACHINE,
              where="r.delivered_at IS NOT NULL AND r.id %% 20 = 1", source=_TRACKED,
              link="1 + (r.id %% 9)::int", url="'https://shop.bench.example/offer-' || r.id %% 9"),
        _told(EventType.REPLIED, at="r.replied_at", where="r.replied_at IS NOT NULL",
              source="'mail'"),
        _told(EventType.UNSUBSCRIBED, at="r.unsubscribed_at",
              where="r.unsubscribed_at IS NOT NULL", source=_TRACKED),
        _told(EventType.COMPLAINED, at="r.complained_at", where="r.complained_at IS NOT NULL",
              source="'mail'"),
    ]
)  # fmt: skip
_HAPPEN: Final = f"""
WITH r AS ({_LEDGER} RETURNING *)
INSERT INTO email_delivery_events (organization_id, campaign_id, recipient_id, event_type, provider,
    identity_id, list_id, stream, ip, variant, smtp_code, enhanced_code, smtp_response,
    bounce_class, actor, actor_reasons, url, link_number, source, natural_key, ts)
SELECT organization_id, campaign_id, id, event_type, provider, %(identity)s, list_id, 'marketing',
    ip, variant, code, CASE WHEN event_type = 'bounced' THEN enhanced_code ELSE '' END, response,
    CASE WHEN event_type = 'bounced' THEN bounce_class ELSE '' END, actor, ARRAY[]::varchar[], url,
    link_number, source, natural_key, ts
FROM ({_TELLING}) AS told ORDER BY ts
"""

_FILLED: Final = ("campaigns_recipient", "email_delivery_events")
_CONSTRAINTS: Final = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype IN ('p', 'u')
"""
# Of a partitioned table the definition says ONLY, which would leave out what is in partitions.
_INDEXES: Final = """
SELECT i.indexrelid::regclass::text, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
FROM pg_index AS i
WHERE i.indrelid = %s::regclass
    AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
"""


def build(events: int, *, now: datetime) -> int:
    """Make a world with about so many events, or some more, and return how many they are."""
    organization = Organization.objects.create(name="Bench", slug=SLUG, timezone="Europe/Berlin")
    begin = now - timedelta(days=DAYS)
    _make_partitions(begin, now)
    _add_contacts(organization, count=_contacts_for(events), now=now)
    with connection.cursor() as cursor, _without_indexes(cursor):
        cursor.execute("SELECT setseed(0.5)")
        for campaign in _campaigns(organization, begin=begin):
            _happen(cursor, campaign, now=now)
    _tidy_up()
    ids = list(Campaign.objects.order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(ids), REBUILT_TOGETHER):
        insights.operations.rollups.rebuild(ids[first : first + REBUILT_TOGETHER])
    insights.operations.summaries.sum_up()
    _tidy_up()
    return _count("email_delivery_events")


@contextlib.contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    """Fill ledger and events without their indexes, and make those at once afterwards."""
    again: list[str] = []
    for table in _FILLED:
        cursor.execute(_CONSTRAINTS, [table])
        constraints = cursor.fetchall()
        cursor.execute(_INDEXES, [table])
        again += [definition for _, definition in cursor.fetchall()]
        again += [f"ALTER TABLE {table} ADD CONSTRAINT {n} {text}" for n, text in constraints]
        for name, _ in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute(_INDEXES, [table])
        for name, _ in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")
    yield
    cursor.execute("SET maintenance_work_mem = '512MB'")
    for statement in again:
        cursor.execute(statement)


def _make_partitions(begin: datetime, now: datetime) -> None:
    moment = begin
    while month_of(moment) <= month_of(now):
        insights.operations.partitions.make_partitions(now=moment, months_ahead=1)
        moment = month_of(moment).end


def _contacts_for(events: int) -> int:
    large = CAMPAIGNS / LARGE_EVERY
    mailed_by = large / LARGE_SHARE + (CAMPAIGNS - large) / SMALL_SHARE  # campaigns, each contact
    return max(round(events / EVENTS_EACH / mailed_by), SMALL_SHARE)


def _add_contacts(organization: Organization, *, count: int, now: datetime) -> None:
    providers = [name for name, weight in _PROVIDERS for _ in range(weight)]
    with connection.cursor() as cursor:
        cursor.execute(
            _CONTACTS,
            {"organization": organization.pk, "providers": providers, "count": count, "now": now},
        )
        cursor.execute("ANALYZE campaigns_contact")


def _campaigns(organization: Organization, *, begin: datetime) -> list[Campaign]:
    domain = SendingDomain.objects.create(organization=organization, name="news.bench.example")
    identities = [
        Identity.objects.create(
            organization=organization,
            domain=domain,
            from_name=f"News {number}",
            from_address=f"letter{number}@news.bench.example",
        )
        for number in range(IDENTITIES)
    ]
    ContactList.objects.bulk_create(
        ContactList(organization=organization, name=f"List {number}", slug=f"list-{number}")
        for number in range(LISTS)
    )
    step = timedelta(days=DAYS) / CAMPAIGNS
    return Campaign.objects.bulk_create(
        Campaign(
            organization=organization,
            name=f"Campaign {number}",
            identity=identities[number % IDENTITIES],
            subject="News",
            state=CampaignState.SENT.value,
            started_at=begin + step * number,
        )
        for number in range(CAMPAIGNS)
    )


def _happen(cursor: Any, campaign: Campaign, *, now: datetime) -> None:
    """Write ledger and events of one campaign."""
    number = campaign.pk
    lists = list(ContactList.objects.order_by("pk").values_list("pk", flat=True))
    codes, enhanced, classes, words = (list(column) for column in zip(*_REFUSALS, strict=True))
    first = number % len(_IPS)
    values = {
        "organization": campaign.organization_id,
        "campaign": number,
        "identity": campaign.identity_id,
        "start": campaign.started_at,
        "now": now,
        "share": SMALL_SHARE if number % LARGE_EVERY else LARGE_SHARE,
        "lists": [lists[number % LISTS], lists[(number + 1) % LISTS]],
        "ips": [_IPS[first], _IPS[first - 1]],
        "variants": [""] if number % 5 else ["a", "b"],
        "codes": codes,
        "enhanced": enhanced,
        "classes": classes,
        "words": words,
    }
    cursor.execute(_HAPPEN, values)


def _tidy_up() -> None:
    """Do what autovacuum does by itself within minutes after so many new rows."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def sizes() -> dict[str, int]:
    """Return how many rows the world has, by what they are."""
    return {
        "events": _count("email_delivery_events"),
        "messages": Recipient.objects.count(),
        "contacts": Contact.objects.count(),
        "campaigns": Campaign.objects.count(),
        "hourly_counts": _count("insights_hourlycount"),
        "hourly_summaries": _count("insights_hourlysummary"),
        "partitions": len(_partitions()),
    }


def _partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relid::regclass::text FROM pg_partition_tree('email_delivery_events')"
            " WHERE isleaf"
        )
        return [row[0] for row in cursor.fetchall()]


def now() -> datetime:
    """Return the present; the world ends there."""
    return datetime.now(UTC)
