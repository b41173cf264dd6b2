"""Everything that is known of one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import insights.queries.messages
import suppression.queries
from campaigns.models import Recipient
from common.addresses import AddressError
from insights.models import DeliveryEvent
from iprouting.models import SendingIP
from suppression.queries import Explanation


@dataclass(frozen=True, slots=True)
class Route:
    """How a message left, as far as it is known."""

    ip: str
    hostname: str
    pool: str
    transport: str


@dataclass(frozen=True, slots=True)
class Story:
    """A message with its events, oldest first, and what is known around it."""

    message: Recipient
    events: list[DeliveryEvent]
    route: Route | None  # None while it has not left
    suppressions: list[Explanation]


def story_of(organization_id: int, recipient_id: int, *, now: datetime) -> Story | None:
    """Return the story of a message of an organization, None if there is no such message."""
    rows = Recipient.objects.filter(organization=organization_id, pk=recipient_id)
    message = rows.select_related("campaign__identity", "contact", "list").first()
    if message is None:
        return None
    return Story(
        message=message,
        events=insights.queries.messages.events_of(message.pk),
        route=route_of(message),
        suppressions=_suppressions(message, now=now),
    )


def route_of(message: Recipient) -> Route | None:
    """Return how a message left; names are those that the IP has today."""
    if not message.ip:
        return None
    known = (
        SendingIP.objects.filter(organization=message.organization_id, address=message.ip)
        .select_related("pool", "transport")
        .first()
    )
    if known is None:
        return Route(message.ip, "", "", "")
    return Route(message.ip, known.hostname, known.pool.name, known.transport.name)


def _suppressions(message: Recipient, *, now: datetime) -> list[Explanation]:
    try:
        return suppression.queries.explain(
            message.organization_id,
            email=message.email,
            stream=message.campaign.stream,
            list_id=message.list_id,
            now=now,
        )
    except AddressError:
        return []
