"""Reads behind the inbox: what waits there, and which message a report speaks of."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q

from campaigns.models import Recipient
from common.addresses import AddressError, normalize_address
from insights.messages import Message
from insights.models import DeliveryEvent, InboxKey, PayloadStatus, RawPayload

# So many soft bounces one after the other, and an address counts as dead.
SOFT_BOUNCE_LIMIT = 5

_MESSAGES = """
SELECT r.id, r.organization_id, r.campaign_id, r.contact_id, r.list_id, c.identity_id,
    r.email, r.provider, c.stream, r.ip, r.variant
FROM campaigns_recipient AS r JOIN campaigns_campaign AS c ON c.id = r.campaign_id
WHERE r.id = ANY(%(ids)s) AND r.organization_id = %(organization)s
"""
# Of the messages that have met their end, the latest ones. A refusal by policy and one for want of
# time say nothing about the mailbox: they neither count nor interrupt.
_REFUSED_IN_A_ROW = """
SELECT asked.id FROM unnest(%(contacts)s::bigint[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE latest.bounce_class = 'soft') AS soft
    FROM (
        SELECT r.bounce_class FROM campaigns_recipient AS r
        WHERE r.contact_id = asked.id AND r.bounce_class NOT IN ('block', 'expired')
            AND (r.bounced_at IS NOT NULL OR r.delivered_at IS NOT NULL)
        ORDER BY COALESCE(r.bounced_at, r.delivered_at) DESC, r.id DESC
        LIMIT %(limit)s
    ) AS latest
) AS counted
WHERE counted.soft = %(limit)s
"""


def inbox_key(key: str, *, source: str, esp: str = "") -> InboxKey | None:
    """Return the inbox address with this key, or None when there is none for this source."""
    return InboxKey.objects.filter(key=key, source=source, esp=esp).first()


@dataclass(frozen=True, slots=True)
class InboxFigures:
    """How the inbox stands.

    `oldest_at` is when the oldest of `unread` came in, None if there is none; `retried` are looked
    at again later.
    """

    unread: int
    oldest_at: datetime | None
    retried: int
    unreadable: int
    unattributed: int


def figures(*, organization_id: int | None = None) -> InboxFigures:
    """Return how the inbox of one organization stands, or that of all."""
    payloads = RawPayload.objects.exclude(status=PayloadStatus.READ)
    if organization_id is not None:
        payloads = payloads.filter(organization=organization_id)
    waiting, unread = Q(status=PayloadStatus.WAITING), Q(attempts=0)
    return InboxFigures(
        **payloads.aggregate(
            unread=Count("pk", filter=waiting & unread),
            oldest_at=Min("received_at", filter=waiting & unread),
            retried=Count("pk", filter=waiting & ~unread),
            unreadable=Count("pk", filter=Q(status=PayloadStatus.UNREADABLE)),
            unattributed=Count("pk", filter=Q(status=PayloadStatus.UNATTRIBUTED)),
        )
    )


def messages(recipient_ids: Collection[int], *, organization_id: int) -> dict[int, Message]:
    """Return what is known of messages of one organization, by the ids of their ledger rows."""
    if not recipient_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, {"ids": [*recipient_ids], "organization": organization_id})
        return {row[0]: Message(*row) for row in cursor.fetchall()}


def with_message_id(message_ids: Iterable[str], *, organization_id: int) -> dict[str, int]:
    """Return the ledger rows that Message-IDs name, for those that are ours in every character."""
    leading = map(_leading_id, message_ids)
    ids = {number for number in leading if number is not None}
    rows = Recipient.objects.filter(pk__in=ids, organization=organization_id)
    return dict(rows.values_list("message_id", "pk"))


def with_queue_id(
    pairs: Collection[tuple[str, str]], *, organization_id: int
) -> dict[tuple[str, str], int]:
    """Return the ledger rows of pairs of queue id and address.

    A queue id is unique to one server for some time, and short enough to be guessed; so it must
    come with the address that the message went to.
    """
    keys = {address: _email_key(address) for _, address in pairs}
    rows = Recipient.objects.filter(
        contact__organization=organization_id,
        contact__email_key__in={key for key in keys.values() if key},
        organization=organization_id,
        queue_id__in={queue_id for queue_id, _ in pairs if queue_id},
    ).values_list("queue_id", "email", "pk")
    found = {(queue_id, _email_key(email)): pk for queue_id, email, pk in rows.order_by("pk")}
    named = {(queue_id, address): (queue_id, keys[address]) for queue_id, address in pairs}
    return {pair: found[key] for pair, key in named.items() if key in found}


def known_since(natural_keys: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """Return the earliest time that an event says for each of the natural keys that has one."""
    if not natural_keys:
        return {}
    events = DeliveryEvent.objects.filter(natural_key__in=natural_keys).values("natural_key")
    return dict(events.annotate(since=Min("ts")).values_list("natural_key", "since"))


def refused_in_a_row(contact_ids: Collection[int]) -> set[int]:
    """Return those whose latest messages all bounced softly, as many as the limit says."""
    if not contact_ids:
        return set()
    asked: dict[str, Any] = {"contacts": [*contact_ids], "limit": SOFT_BOUNCE_LIMIT}
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED_IN_A_ROW, asked)
        return {row[0] for row in cursor.fetchall()}


def _leading_id(message_id: str) -> int | None:
    """Return the number of the ledger row that a Message-ID of ours begins with."""
    try:
        number = int(message_id.partition(".")[0], 16)
    except ValueError:
        return None
    return number if 0 < number < 2**63 else None


def _email_key(address: str) -> str:
    """Return the address as contacts are compared; empty if it is none."""
    try:
        return normalize_address(address).key
    except AddressError:
        return ""
