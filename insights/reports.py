"""What a source says happened, before it is known which message it speaks of."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from insights.events import BounceClass, EventType, Source


@dataclass(frozen=True, slots=True)
class References:
    """Whatever in a report points at one of our messages; empty where the report has none.

    In the order in which they are trusted. `address` alone never attributes a report that would
    suppress somebody: anybody can write an address into a mail.
    """

    return_path: str = ""  # local part of the VERP address that the report came to or names
    message_id: str = ""  # of our message, without angle brackets
    unsubscribe_token: str = ""  # from our List-Unsubscribe, returned with a complaint
    queue_id: str = ""  # what the MTA called the message
    recipient_id: int | None = None  # from metadata that a provider gives back
    feedback_id: str = ""  # our Feedback-ID: names the campaign at most
    address: str = ""  # whom the message was for


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that a source says happened to one message.

    `natural_key` is the same whenever the same thing is reported again, whatever the source calls
    the report; it never contains an id that a redelivery changes.
    """

    event_type: EventType
    ts: datetime  # aware, when it happened
    source: Source
    natural_key: uuid.UUID
    references: References
    smtp_code: int | None = None
    enhanced_code: str = ""
    smtp_response: str = ""
    bounce_class: BounceClass | None = None
    refused_address: str = ""  # who refused, as the report names them; see insights/forwards.py
    remote_host: str = ""  # the mailbox provider's server, if named
    ip: str = ""  # the sending IP, if named
    url: str = ""  # where a click went
    user_agent: str = ""  # of an open or click
    claimed_machine: bool = False  # of these: the source itself says that no person did it
