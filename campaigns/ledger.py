"""Rows of the send ledger as the send path passes them around."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple, Self

from campaigns.states import RecipientState

_DATA = 10  # place of `data` among the columns


class ClaimedRecipient(NamedTuple):
    """A row of the ledger that this worker holds, with what it takes to write the message."""

    id: int
    contact_id: int | None
    list_id: int | None
    email: str
    email_key: str | None  # None when the contact has been deleted
    provider: str
    variant: str
    engagement_days: int
    message_id: str
    attempts: int  # counts this one
    data: dict[str, Any] | None
    first_name: str
    last_name: str
    language: str
    timezone: str
    attributes: dict[str, Any]

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Return a row of the database, whose last and eleventh columns are JSON texts."""
        attributes, data = row[-1], row[_DATA]
        read = {} if attributes is None or attributes == "{}" else json.loads(attributes)
        if data is None:
            return cls._make((*row[:-1], read))
        return cls._make((*row[:_DATA], json.loads(data), *row[_DATA + 1 : -1], read))


class Outcome(NamedTuple):
    """What a ledger row becomes.

    `at` is when that was known. `uncount` takes back an attempt that never reached a server.
    `answered` says that it is a server's answer, rather than a decision of ours.
    """

    recipient_id: int
    state: RecipientState
    at: datetime
    reason: str = ""
    not_before: datetime | None = None
    uncount: bool = False
    answered: bool = False
    ip: str = ""
    smtp_code: int | None = None
    enhanced_code: str = ""
    smtp_response: str = ""
    bounce_class: str = ""
    queue_id: str = ""
