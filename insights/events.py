"""What can happen to a message: the one normalized event that every source is turned into."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import NamedTuple


class EventType(enum.StrEnum):
    """What happened."""

    SENT = "sent"  # the MTA took the message
    DELIVERED = "delivered"  # the mailbox provider took it
    DEFERRED = "deferred"  # somebody asked to try later
    BOUNCED = "bounced"  # refused; `bounce_class` says how
    FAILED = "failed"  # we could not hand it over; nobody at the provider refused it
    OPENED = "opened"  # the pixel was loaded
    CLICKED = "clicked"  # a link was followed
    REPLIED = "replied"  # a person answered
    UNSUBSCRIBED = "unsubscribed"  # by link, by header or by mail
    COMPLAINED = "complained"  # marked as spam


class BounceClass(enum.StrEnum):
    """Why a message bounced, by what follows from it."""

    HARD = "hard"  # the address does not exist or is closed: never mail it again
    SOFT = "soft"  # the address exists, this message did not get in (mailbox full)
    BLOCK = "block"  # policy, reputation or content: says nothing about the address
    EXPIRED = "expired"  # tried until time or attempts ran out


class Actor(enum.StrEnum):
    """Who caused an open or a click."""

    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class Source(enum.StrEnum):
    """Where an event was seen."""

    SMTP = "smtp"  # the reply to our own hand-over
    TRACKING = "tracking"  # pixel, link, unsubscribe page
    MAIL = "mail"  # a bounce, complaint or reply that came in as mail
    STALWART = "stalwart"  # a webhook of the Stalwart mail server
    ANYMAIL = "anymail"  # a webhook of a commercial provider
    SYSTEM = "system"  # our own decision (deadline, attempts, policy)


class DeliveryEvent(NamedTuple):
    """One thing that happened to one message.

    `natural_key` is the same whenever the same thing is reported again, whatever the report is
    called; together with `ts` it makes recording idempotent.
    """

    event_type: EventType
    organization_id: int
    campaign_id: int
    recipient_id: int
    ts: datetime  # aware, when it happened
    natural_key: uuid.UUID
    source: Source
    provider: str = "other"
    stream: str = "marketing"
    identity_id: int | None = None
    list_id: int | None = None
    ip: str = ""  # sending IP; empty when nothing was handed over
    variant: str = ""
    smtp_code: int | None = None
    enhanced_code: str = ""
    smtp_response: str = ""
    bounce_class: str = ""  # BounceClass, for `bounced` only
    actor: str = ""  # Actor, for opens and clicks only
    actor_reasons: tuple[str, ...] = ()
    url: str = ""  # where a click went
    link_number: int | None = None
    # Of opens and clicks only: what the verdict on them rests on, see insights/actors.
    agent: str = ""  # family of the program that asked; empty if not known
    network: str = ""  # /24 or /48 that it asked from, never the address
    method: str = ""  # of HTTP, GET or HEAD; empty if we were not the ones asked
    seconds_after_delivery: float | None = None
    actor_confidence: float | None = None  # in [0, 1]
    classifier_version: int | None = None
    revise_at: datetime | None = None  # when the verdict is looked at again; None: it stands


TYPE_NUMBERS = {event_type: number for number, event_type in enumerate(EventType)}


def attempt_key(recipient_id: int, attempt: int, event_type: EventType) -> uuid.UUID:
    """Return the natural key of what one attempt at one message led to."""
    number = (recipient_id << 64) | (attempt << 8) | TYPE_NUMBERS[event_type]
    return uuid.UUID(int=number)
