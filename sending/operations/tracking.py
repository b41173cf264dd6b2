"""Writes of opens and clicks: every hit is an event, with who caused it and why we think so.

A first verdict falls within moments, over all hits of a message that have come in since: what the
requests say, the time since delivery, and the hits before them. `insights.operations.revising`
looks at it again when more is known.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db import connection, transaction

import insights.operations.hits
import insights.operations.recording
import insights.queries.looked
import insights.queries.verdicts
from insights.actors import agent_family
from insights.events import Actor, DeliveryEvent, EventType, Source
from insights.messages import Message
from insights.operations.hits import BATCH_HITS, StoredHit

logger = logging.getLogger(__name__)

MOST_BATCHES: Final = 20  # of one turn; the next turn goes on
# Who is engaged goes first, and is not wooed back. In one order everywhere: an import that touches
# the same contacts must not wait for this while this waits for it.
_REMEMBER: Final = """
WITH acted AS (
    SELECT id, max(at) AS at
    FROM unnest(%(contacts)s::bigint[], %(times)s::timestamptz[]) AS one (id, at) GROUP BY id
), locked AS (
    SELECT c.id FROM campaigns_contact AS c WHERE c.id IN (SELECT id FROM acted)
    ORDER BY c.id FOR NO KEY UPDATE
)
UPDATE campaigns_contact AS c SET last_human_at = acted.at
FROM acted JOIN locked ON locked.id = acted.id
WHERE c.id = acted.id AND (c.last_human_at IS NULL OR c.last_human_at < acted.at)
"""


def record_hits(*, now: datetime) -> int:
    """Judge and record the opens and clicks that wait; return how many were looked at."""
    seen = 0
    for _ in range(MOST_BATCHES):
        taken = _record_batch(now=now)
        seen += taken
        if taken < BATCH_HITS:
            break
    return seen


def _record_batch(*, now: datetime) -> int:
    """Record hits together; if one of them breaks that, each by itself."""
    try:
        with transaction.atomic():
            return _record(insights.operations.hits.take(now=now), now=now)
    except Exception:
        logger.exception("opens and clicks are recorded one by one")
        hit_ids = insights.queries.looked.due_hits(limit=BATCH_HITS, now=now)
        for hit_id in hit_ids:
            _record_alone(hit_id, now=now)
        return len(hit_ids)


def _record_alone(hit_id: int, *, now: datetime) -> None:
    try:
        with transaction.atomic():
            _record(insights.operations.hits.take_one(hit_id, now=now), now=now)
    except Exception as error:
        logger.exception("hit %d could not be recorded", hit_id)
        reason = f"Recording it failed: {type(error).__name__}: {error}"
        insights.operations.hits.put_off(hit_id, reason=reason, now=now)


def _record(taken: Sequence[StoredHit], *, now: datetime) -> int:
    """Write what follows from hits that were taken out, and return how many they are."""
    found = insights.queries.looked.messages({hit.recipient_id for hit in taken})
    for recipient_id in {hit.recipient_id for hit in taken}.difference(found):
        logger.warning("hits of message %d, which is deleted, are dropped", recipient_id)
    hits = [_event(hit, found[hit.recipient_id]) for hit in taken if hit.recipient_id in found]
    events = insights.queries.verdicts.judged(hits, now=now)
    insights.operations.recording.record_events(events)
    _remember(
        (contact_id, event.ts)
        for event in events
        if event.actor == Actor.HUMAN
        and (contact_id := found[event.recipient_id].contact_id) is not None
    )
    return len(taken)


def _event(hit: StoredHit, message: Message) -> DeliveryEvent:
    """Return an event without a verdict; of address and user agent it holds what may be kept."""
    event = message.event(
        EventType(hit.event_type), source=Source.TRACKING, ts=hit.at, natural_key=uuid.uuid4()
    )
    return event._replace(
        agent=agent_family(hit.user_agent),
        network=hit.network,
        method=hit.method,
        url=hit.url,
        link_number=hit.link_number,
    )


def _remember(acted: Iterable[tuple[int, datetime]]) -> None:
    """Note on contacts that a person acted."""
    contacts, times = [*zip(*acted, strict=True)] or ((), ())
    if contacts:
        with connection.cursor() as cursor:
            cursor.execute(_REMEMBER, {"contacts": [*contacts], "times": [*times]})
