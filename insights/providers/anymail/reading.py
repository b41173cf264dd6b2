"""From an event of anymail to a report.

Keys are made of what is said, not of the providers' event ids: some give every delivery of an event
a new one, and some report one thing through two kinds of events. What can happen to a message only
once has no time in its key. Source: docs/feedback-webhooks.md, "Commercial providers".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from insights.events import EventType, Source
from insights.providers.anymail.outcomes import OF_DELIVERY, Outcome, outcome_of
from insights.providers.anymail.places import Places, at, first, places_of
from insights.providers.base import moment, natural_key, storable
from insights.reports import References, Report

if TYPE_CHECKING:
    from anymail.signals import AnymailTrackingEvent

_REPEATED: Final = frozenset({EventType.DEFERRED, EventType.OPENED, EventType.CLICKED})
_TRACKED: Final = frozenset({EventType.OPENED, EventType.CLICKED})
_OLD_NAMES: Final = {"SendinBlue": "Brevo"}
_LONGEST_ID_DIGITS: Final = 18  # fits a bigint


def reports_of(
    event: AnymailTrackingEvent, *, esp_name: str, received_at: datetime
) -> list[Report]:
    """Return what an event of anymail's signal `tracking` says; nothing if it does not concern us.

    `esp_name` is the provider as the signal names it. An event without a time happened when it was
    received.
    """
    esp_name = _OLD_NAMES.get(esp_name, esp_name)
    outcome = outcome_of(event, esp_name=esp_name)
    if outcome is None:
        return []
    return [_report(event, outcome, esp_name=esp_name, received_at=received_at)]


def claims_machine(event: AnymailTrackingEvent, *, esp_name: str) -> bool:
    """Say whether the provider itself marks an open or click as made by a machine."""
    machine = places_of(_OLD_NAMES.get(esp_name, esp_name)).machine or {}
    found = ((at(event.esp_event, path), values) for path, values in machine.items())
    return any(isinstance(value, str | bool) and value in values for value, values in found)


def _report(
    event: AnymailTrackingEvent, outcome: Outcome, *, esp_name: str, received_at: datetime
) -> Report:
    raw, places = event.esp_event, places_of(esp_name)
    happened = moment(first(raw, places.happened), received_at=received_at)
    ts = happened or moment(event.timestamp, received_at=received_at)
    user_agent = storable(event.user_agent) or storable(first(raw, places.user_agent))
    return Report(
        event_type=outcome.event_type,
        ts=ts or received_at,
        source=Source.ANYMAIL,
        natural_key=natural_key(Source.ANYMAIL, esp_name, *_said(event, outcome, ts)),
        references=_references(event, places),
        smtp_code=outcome.code,
        enhanced_code=outcome.enhanced_code,
        smtp_response=outcome.text,
        bounce_class=outcome.bounce_class,
        remote_host=storable(first(raw, places.remote_host)),
        ip=_address(first(raw, places.sending_ip)) if outcome.event_type in OF_DELIVERY else "",
        url=storable(event.click_url) if outcome.event_type == EventType.CLICKED else "",
        user_agent=user_agent if outcome.event_type in _TRACKED else "",
        claimed_machine=outcome.event_type in _TRACKED and claims_machine(event, esp_name=esp_name),
    )


def _said(event: AnymailTrackingEvent, outcome: Outcome, ts: datetime | None) -> list[object]:
    """Return what tells this event from all others and stays the same when it comes again."""
    said: list[object] = [
        outcome.event_type,
        event.message_id or _recipient_id(event.metadata),
        storable(event.recipient).lower(),
        outcome.bounce_class or "",  # a soft bounce may be followed by a hard one
    ]
    if outcome.event_type in _REPEATED:
        said += [ts or event.event_id, event.click_url, event.user_agent, outcome.code]
    return said


def _references(event: AnymailTrackingEvent, places: Places) -> References:
    message_id = storable(first(event.esp_event, places.message_id))
    return References(
        message_id=message_id.strip().removeprefix("<").removesuffix(">"),
        queue_id=storable(str(event.message_id)) if event.message_id else "",
        recipient_id=_recipient_id(event.metadata),
        address=storable(event.recipient),
    )


def _recipient_id(metadata: object) -> int | None:
    """Return the number of the ledger row that was handed over with the message."""
    given = metadata.get("recipient_id") if isinstance(metadata, Mapping) else None
    digits = str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""
    known = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_ID_DIGITS
    return int(digits) if known else None


def _address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(storable(value)))
    except ValueError:
        return ""
