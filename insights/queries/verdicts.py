"""Reads of opens and clicks as they are judged, and of what is known around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import connection

from insights.actors import (
    CLAIMED_MACHINE,
    Context,
    DomainHistory,
    Hit,
    HitKind,
    Verdict,
    first_look,
    revise,
)
from insights.events import Actor, DeliveryEvent, EventType

OTHER_HITS: Final = 50  # of one message, the newest, are looked at when another comes in
KINDS: Final = {EventType.OPENED: HitKind.OPEN, EventType.CLICKED: HitKind.CLICK}

_CONTEXTS: Final = """
SELECT r.id, r.delivered_at, r.sent_at, links.number, links.hidden, COALESCE(c.gateway, '')
FROM campaigns_recipient AS r LEFT JOIN campaigns_contact AS c ON c.id = r.contact_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE NOT l.hidden) AS number,
        min(l.number) FILTER (WHERE l.hidden) AS hidden
    FROM campaigns_campaignlink AS l WHERE l.campaign_id = r.campaign_id
) AS links
WHERE r.id = ANY(%s)
"""
_HISTORIES: Final = """
SELECT r.id, h.messages, h.fast_messages
FROM campaigns_recipient AS r JOIN insights_domainhistory AS h
    ON h.organization_id = r.organization_id
    AND h.domain = lower(regexp_replace(r.email, '^.*@', ''))
WHERE r.id = ANY(%s)
"""
_HITS: Final = """
SELECT e.id, e.recipient_id, e.event_type, e.ts, e.natural_key, e.agent, e.network, e.method,
    e.link_number, e.actor, e.actor_reasons, e.actor_confidence, e.seconds_after_delivery,
    e.classifier_version, e.revise_at
FROM unnest(%s::int8[]) AS message (id) CROSS JOIN LATERAL (
    SELECT * FROM email_delivery_events AS one
    WHERE one.recipient_id = message.id AND one.event_type IN ('opened', 'clicked')
    ORDER BY one.ts DESC LIMIT %s
) AS e
"""


@dataclass(frozen=True, slots=True)
class JudgedHit:
    """An open or click as it is in the database, with the verdict on it."""

    event_id: int
    hit: Hit
    verdict: Verdict | None  # None: it fell before the evidence was kept
    revise_at: datetime | None


def contexts(recipient_ids: Sequence[int]) -> dict[int, Context]:
    """Return what is known around the opens and clicks of messages, without the other ones."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTEXTS, [list(recipient_ids)])
        return {
            pk: Context(
                delivered_at=delivered_at,
                sent_at=sent_at,
                link_count=links,
                hidden_link=hidden,
                gateway=gateway,
            )
            for pk, delivered_at, sent_at, links, hidden, gateway in cursor.fetchall()
        }


def histories(recipient_ids: Sequence[int]) -> dict[int, DomainHistory]:
    """Return how clicks have come at the domains that messages went to, where that is known."""
    with connection.cursor() as cursor:
        cursor.execute(_HISTORIES, [list(recipient_ids)])
        return {
            pk: DomainHistory(messages, fast / messages) for pk, messages, fast in cursor.fetchall()
        }


def hits_of(recipient_ids: Sequence[int], *, newest: int) -> dict[int, list[JudgedHit]]:
    """Return the newest opens and clicks of each of these messages."""
    found: dict[int, list[JudgedHit]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_HITS, [list(recipient_ids), newest])
        for event_id, recipient_id, *row in cursor.fetchall():
            found[recipient_id].append(_stored(event_id, *row))
    return found


def _stored(event_id: int, *row: Any) -> JudgedHit:
    kind, at, key, agent, network, method, link, actor, reasons, confidence, *rest = row
    seconds, version, revise_at = rest
    hit = Hit(
        id=key,
        kind=KINDS[EventType(kind)],
        at=at,
        agent=agent,
        network=network,
        method=method,
        link_number=link,
        claimed_machine=CLAIMED_MACHINE in reasons,
    )
    if version is None:
        return JudgedHit(event_id, hit, None, revise_at)
    verdict = Verdict(Actor(actor), confidence, tuple(reasons), seconds, version)
    return JudgedHit(event_id, hit, verdict, revise_at)


def judged(events: Sequence[DeliveryEvent], *, now: datetime) -> list[DeliveryEvent]:
    """Return events with a first verdict on the opens and clicks among them, as things stand.

    They bring `agent`, `network`, `method` and `link_number` along, and `CLAIMED_MACHINE` as their
    reason where a provider says so. Other events stay as they are. However many are given, the
    database is asked twice; the history of domains is left for the later look.
    """
    asked: dict[int, list[DeliveryEvent]] = defaultdict(list)
    for event in events:
        if event.event_type in KINDS:
            asked[event.recipient_id].append(event)
    verdicts = _first_verdicts(asked) if asked else {}
    return [
        _with_verdict(event, verdicts[event.natural_key], now=now)
        if event.event_type in KINDS
        else event
        for event in events
    ]


def _first_verdicts(asked: dict[int, list[DeliveryEvent]]) -> dict[Any, Verdict]:
    around, known = contexts(list(asked)), hits_of(list(asked), newest=OTHER_HITS)
    verdicts: dict[Any, Verdict] = {}
    for recipient_id, events in asked.items():
        others = [stored.hit for stored in known.get(recipient_id, ())]
        context = replace(around.get(recipient_id, Context()), others=others)
        verdicts |= revise(map(hit_of, events), context)
    return verdicts


def hit_of(event: DeliveryEvent) -> Hit:
    """Return an open or click as it is judged."""
    return Hit(
        id=event.natural_key,
        kind=KINDS[event.event_type],
        at=event.ts,
        agent=event.agent,
        network=event.network,
        method=event.method,
        link_number=event.link_number,
        claimed_machine=CLAIMED_MACHINE in event.actor_reasons,
    )


def _with_verdict(event: DeliveryEvent, verdict: Verdict, *, now: datetime) -> DeliveryEvent:
    return event._replace(
        actor=verdict.actor,
        actor_reasons=verdict.reasons,
        actor_confidence=verdict.confidence,
        seconds_after_delivery=verdict.seconds_after_delivery,
        classifier_version=verdict.classifier_version,
        revise_at=first_look(now),
    )
