"""The parts of a batch, as far as they tell of outgoing mail."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from insights.providers.base import PayloadError, moment, storable

CONNECTED = "delivery.connect"
_LARGEST_ID = 2**64 - 1
_LARGEST_ID_DIGITS = 20


class EventError(Exception):
    """An element of a batch that cannot be read, with a sentence that says why."""


@dataclass(frozen=True, slots=True)
class MailEvent:
    """An event of the attempt to deliver one message.

    `data` holds the keys of the event and, where it has none of its own, those of the attempt.
    """

    kind: str
    at: datetime  # whole seconds
    queue_id: int
    attempt: str  # what Stalwart calls a span; empty where it says none
    sender: str
    recipients: tuple[str, ...]
    data: Mapping[str, Any]

    @property
    def queue_hex(self) -> str:
        """The queue id as the SMTP reply wrote it: hexadecimal, lower case, no leading zeros."""
        return f"{self.queue_id:x}"

    @property
    def host(self) -> str:
        """The server of the mailbox provider, if the event names one."""
        return storable(self.data.get("hostname"))

    @classmethod
    def from_json(cls, event: Mapping[str, Any], *, received_at: datetime) -> Self:
        """Return one element of a batch. Raises EventError.

        Without a time of its own it happened when it came in.
        """
        data = event.get("data")
        if not isinstance(data, dict):
            raise EventError("The event has no data.")
        return cls(
            kind=event["type"],
            at=moment(event.get("createdAt"), received_at=received_at) or received_at,
            queue_id=_queue_id(data.get("queueId")),
            attempt=str(data.get("spanId") or ""),
            sender=storable(data.get("from")),
            recipients=_addresses(data.get("to")),
            data=data,
        )


class Connections:
    """From which of our addresses the attempts of a batch connected: only one event says so."""

    def __init__(self, events: Iterable[MailEvent]) -> None:
        """Remember what the connections among these events say."""
        self._made: dict[str, list[tuple[str, str]]] = {}
        for event in events:
            address = _address(event.data.get("localIp"))
            if event.kind == CONNECTED and address:
                attempt = self._made.setdefault(_attempt(event), [])
                attempt.append((event.host, address))

    def local_address(self, event: MailEvent) -> str:
        """Return the sending IP behind an event; empty if the batch leaves that open."""
        made = self._made.get(_attempt(event), [])
        to_host = {address for host, address in made if host == event.host}
        addresses = to_host or {address for _, address in made}
        return addresses.pop() if len(addresses) == 1 else ""


def raw_events(raw: bytes) -> list[Any]:
    """Return the elements of a batch. Raises PayloadError if it is none."""
    try:
        batch = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"The body is not JSON: {error}.") from error
    events = batch.get("events") if isinstance(batch, dict) else None
    if not isinstance(events, list):
        raise PayloadError("The body is not a batch: it has no list “events”.")
    return events


def _attempt(event: MailEvent) -> str:
    return f"{event.queue_hex}/{event.attempt}"


def _queue_id(value: object) -> int:
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= _LARGEST_ID_DIGITS
    ):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_ID:
        return value
    raise EventError("The event has no queue id, so no message can be found.")


def _addresses(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(filter(None, map(storable, values)))


def _address(value: object) -> str:
    """Return an IP address in its usual form; empty if it is none, or says that any will do."""
    try:
        address = ipaddress.ip_address(storable(value))
    except ValueError:
        return ""
    return "" if address.is_unspecified else str(address)
