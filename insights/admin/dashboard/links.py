"""Where a figure leads: to the messages behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.http import urlencode

# What the message search is asked for, by metric; machines are all who are no people for certain.
_EVENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "sent": {"event": "sent"},
    "delivered": {"event": "delivered"},
    "bounced": {"event": "bounced"},
    "deferred": {"event": "deferred"},
    "failed": {"event": "failed"},
    "opens": {"event": "opened", "actor": "human"},
    "unique_opens": {"event": "opened", "actor": "human"},
    "machine_opens": {"event": "opened", "actor": "machine"},
    "clicks": {"event": "clicked", "actor": "human"},
    "unique_clicks": {"event": "clicked", "actor": "human"},
    "machine_clicks": {"event": "clicked", "actor": "machine"},
    "replies": {"event": "replied"},
    "unsubscribes": {"event": "unsubscribed"},
    "complaints": {"event": "complained"},
}


def messages_url(
    metric: str,
    *,
    filters: Mapping[str, int | str],
    start: datetime,
    end: datetime,
) -> str:
    """Return the address of the messages that a figure counts; `end` is exclusive."""
    asked = {
        **_EVENTS[metric],
        **filters,
        "from": start.isoformat(timespec="seconds"),
        "to": end.isoformat(timespec="seconds"),
    }
    return f"{reverse('admin:insights_messages')}?{urlencode(asked)}"
