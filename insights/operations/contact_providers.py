"""Bringing what is known of domains to the contacts at them, in pieces that hold nobody up.

Rows that somebody else has locked are left for the next piece: nothing here waits for a lock, so
it can neither delay an import nor meet it in a deadlock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from django.db import connection

from insights.models import MailDomain

DOMAINS_AT_ONCE: Final = 500
PIECE_CONTACTS: Final = 5_000  # changed in one transaction: some tenths of a second

# The contacts that wait for a provider are found through an index of their own.
_FILL: Final = """
WITH chosen AS (
    SELECT contact.id, known.provider, known.gateway
    FROM campaigns_contact AS contact
    JOIN insights_maildomain AS known ON known.domain = contact.domain
    WHERE contact.provider = 'unknown' AND known.provider <> 'unknown'
    LIMIT %(limit)s
    FOR NO KEY UPDATE OF contact SKIP LOCKED
)
UPDATE campaigns_contact AS contact
SET provider = chosen.provider, gateway = chosen.gateway
FROM chosen WHERE contact.id = chosen.id
"""
_DIFFERING: Final = """
SELECT contact.id FROM campaigns_contact AS contact
JOIN insights_maildomain AS known ON known.domain = contact.domain
WHERE known.id = ANY(%(domains)s)
    AND (contact.provider, contact.gateway) IS DISTINCT FROM (known.provider, known.gateway)
"""
_CHANGE: Final = """
WITH chosen AS (
    SELECT contact.id, known.provider, known.gateway
    FROM campaigns_contact AS contact
    JOIN insights_maildomain AS known ON known.domain = contact.domain
    WHERE contact.id = ANY(%(contacts)s)
        AND (contact.provider, contact.gateway) IS DISTINCT FROM (known.provider, known.gateway)
    FOR NO KEY UPDATE OF contact SKIP LOCKED
)
UPDATE campaigns_contact AS contact
SET provider = chosen.provider, gateway = chosen.gateway
FROM chosen WHERE contact.id = chosen.id
"""
_APPLIED: Final = """
UPDATE insights_maildomain AS known SET unapplied = false
WHERE known.id = ANY(%(domains)s) AND known.unapplied AND NOT EXISTS (
    SELECT FROM campaigns_contact AS contact
    WHERE contact.domain = known.domain
        AND (contact.provider, contact.gateway) IS DISTINCT FROM (known.provider, known.gateway))
"""


def apply(*, until: datetime, clock: Callable[[], datetime]) -> int:
    """Give contacts the provider of their domain; return how many changed.

    What there was no time for stays noted, and is done in the next turn.
    """
    changed = 0
    piece = PIECE_CONTACTS
    while piece == PIECE_CONTACTS and clock() < until:
        piece = fill()
        changed += piece
    if clock() < until:
        changed += _change(until=until, clock=clock)
    return changed


def fill() -> int:
    """Give a piece of the contacts without a provider that of their domain; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"limit": PIECE_CONTACTS})
        return int(cursor.rowcount)


def _change(*, until: datetime, clock: Callable[[], datetime]) -> int:
    """Change contacts at domains of which something else is known than before; return how many."""
    changed, last = 0, 0
    while clock() < until:
        waiting = MailDomain.objects.filter(unapplied=True, pk__gt=last).order_by("pk")
        domains = list(waiting.values_list("pk", flat=True)[:DOMAINS_AT_ONCE])
        if not domains:
            break
        last = domains[-1]
        changed += _change_at(domains, until=until, clock=clock)
    return changed


def _change_at(domains: list[int], *, until: datetime, clock: Callable[[], datetime]) -> int:
    changed = 0
    for contacts in _differing(domains):
        with connection.cursor() as cursor:
            cursor.execute(_CHANGE, {"contacts": contacts})
            changed += int(cursor.rowcount)
        if clock() >= until:
            return changed
    with connection.cursor() as cursor:
        cursor.execute(_APPLIED, {"domains": domains})
    return changed


def _differing(domains: list[int]) -> Iterator[list[int]]:
    """Yield the contacts that differ, read once and from the server bit by bit."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_DIFFERING, {"domains": domains})
        while rows := cursor.fetchmany(PIECE_CONTACTS):
            yield [contact_id for (contact_id,) in rows]
