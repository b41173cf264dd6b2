"""Writes of opens and clicks that wait to be judged: noted while the asker waits, taken in batches.

Whoever asked is answered once the row is there; who caused it, and what follows, is found out by a
worker. A hit leaves the table in the transaction that records its event, so none is lost or twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection

from common.storable import storable
from insights.actors import truncated
from insights.events import EventType
from insights.models import TrackingHit

BATCH_HITS: Final = 1_000
LONGEST_PROBLEM_CHARS: Final = 2_000
PAUSE: Final = timedelta(minutes=10)  # until what could not be recorded is tried again
TAKING_LOCK: Final = 0x68697473  # "hits": number of the advisory lock

# Written out: every open and click does this, and building it anew would cost more than running it.
_NOTE: Final = """
INSERT INTO insights_trackinghit (recipient_id, event_type, at, user_agent, network, method,
    url, link_number, due_at, problem)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '')
"""
_TAKE: Final = """
DELETE FROM insights_trackinghit WHERE id = ANY(ARRAY(
    SELECT id FROM insights_trackinghit WHERE due_at <= %(now)s{chosen}
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))
RETURNING id, recipient_id, event_type, at, user_agent, network, method, url, link_number
"""
_TAKE_NEXT: Final = _TAKE.format(chosen="")
_TAKE_ONE: Final = _TAKE.format(chosen=" AND id = %(id)s")


class Visitor(NamedTuple):
    """What a request for a pixel or link says of who made it."""

    user_agent: str
    address: str
    method: str = "GET"  # or HEAD


class StoredHit(NamedTuple):
    """One request for a pixel or link, as it was noted."""

    id: int
    recipient_id: int
    event_type: str
    at: datetime
    user_agent: str
    network: str
    method: str
    url: str
    link_number: int | None


def note(
    event_type: EventType,
    *,
    recipient_id: int,
    visitor: Visitor,
    url: str = "",
    link_number: int | None = None,
    now: datetime,
) -> None:
    """Store a request for a pixel or link; it is on disk when this returns."""
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            [
                *(recipient_id, event_type.value, now, storable(visitor.user_agent)),
                *(truncated(visitor.address), visitor.method, storable(url), link_number, now),
            ],
        )


def take(*, limit: int = BATCH_HITS, now: datetime) -> list[StoredHit]:
    """Take the oldest hits out, in a transaction of the caller's; nothing while another does.

    One at a time, since hits of one message are best judged together.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TAKING_LOCK])
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(_TAKE_NEXT, {"now": now, "limit": limit})
        return sorted(StoredHit(*row) for row in cursor.fetchall())


def take_one(hit_id: int, *, now: datetime) -> list[StoredHit]:
    """Take one hit out, if it is still there and nobody else takes it."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_ONE, {"now": now, "limit": 1, "id": hit_id})
        return [StoredHit(*row) for row in cursor.fetchall()]


def put_off(hit_id: int, *, reason: str, now: datetime) -> None:
    """Let a hit that could not be recorded wait; it stays until it can be."""
    TrackingHit.objects.filter(pk=hit_id).update(
        problem=storable(reason)[:LONGEST_PROBLEM_CHARS], due_at=now + PAUSE
    )
