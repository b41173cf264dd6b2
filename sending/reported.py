"""From what is reported to the events that it leads to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from insights.actors import CLAIMED_MACHINE, agent_family
from insights.events import DeliveryEvent, EventType
from insights.messages import Message
from insights.providers.base import natural_key
from insights.reports import Report

LONGEST_ENHANCED_CODE_CHARS = 12  # as the events keep them; RFC 3463 needs 9
# What the hourly counts take from the ledger, which knows when it happened first.
_ONCE = {
    EventType.DELIVERED,
    EventType.BOUNCED,
    EventType.REPLIED,
    EventType.UNSUBSCRIBED,
    EventType.COMPLAINED,
}


class Attributed(NamedTuple):
    """What somebody reported, with the message that it is about."""

    report: Report
    message: Message


def is_hand_over(one: Attributed) -> bool:
    """Return whether somebody reports what we know of our own dialogue with them, if any did."""
    return one.report.event_type is EventType.SENT


def new_events(
    said: Mapping[DeliveryEvent, Attributed], known: Mapping[uuid.UUID, datetime]
) -> dict[DeliveryEvent, Attributed]:
    """Return the events to record: each thing that happened once, whenever it is said to have.

    Of what can happen to a message only once the earliest time counts, whichever account of it
    comes first; so an account that says an earlier one takes the place of the other.
    """
    since = dict(known)
    new: dict[DeliveryEvent, Attributed] = {}
    for event in sorted(said, key=lambda event: event.ts):
        known_at = since.get(event.natural_key)
        if known_at is None or (event.event_type in _ONCE and event.ts < known_at):
            new[event] = said[event]
            since[event.natural_key] = event.ts
    return new


def event_of(attributed: Attributed) -> DeliveryEvent:
    """Return what a report says as an event of the message that it is about."""
    report, message = attributed
    event = message.event(
        report.event_type,
        source=report.source,
        ts=report.ts,
        natural_key=natural_key(report.natural_key, message.recipient_id),
    )
    return event._replace(
        smtp_code=report.smtp_code,
        enhanced_code=report.enhanced_code[:LONGEST_ENHANCED_CODE_CHARS],
        smtp_response=report.smtp_response,
        bounce_class=report.bounce_class or "",
        url=report.url,
        agent=agent_family(report.user_agent or None),
        actor_reasons=(CLAIMED_MACHINE,) if report.claimed_machine else (),
    )
