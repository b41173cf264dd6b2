"""Rows of the send ledger as the send path passes them around."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from campaigns.states import RecipientState

_DATA = 10  # place of `data` among the columns


@dataclass(frozen=True, slots=True)
class ClaimedRecipient:
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
        values: list[Any] = list(row)
        values[_DATA] = None if values[_DATA] is None else json.loads(values[_DATA])
        values[-1] = json.loads(values[-1]) if values[-1] else {}
        return cls(*values)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a ledger row becomes. `uncount` takes back an attempt that never reached a server."""

    recipient_id: int
    state: RecipientState
    reason: str = ""
    not_before: datetime | None = None
    uncount: bool = False
    ip: str = ""
    smtp_code: int | None = None
    enhanced_code: str = ""
    smtp_response: str = ""
    bounce_class: str = ""
    queue_id: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
