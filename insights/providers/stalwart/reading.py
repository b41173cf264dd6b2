"""From a batch of events to what happened to the messages in it.

One refusal makes two events, that of the dialogue (`delivery.rcpt-to-rejected`) and that of the
notice to the sender (`delivery.dsn-perm-fail`): the first knows the code, the second the enhanced
code as well. Either may come alone, again, or in another batch than the other, and every delivery
of a batch gives its events new ids. So a report's key is made of what both share: the message, the
recipient and the outcome, which for a deferral is that of one attempt.

Source: docs/feedback-webhooks.md, "What the events become".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from insights.events import EventType, Source
from insights.providers.base import Problem, Reading, natural_key
from insights.providers.stalwart.answers import (
    Answer,
    bounce_class,
    dialogue_answer,
    merged,
    nested_answer,
    written_answer,
)
from insights.providers.stalwart.events import (
    CONNECTED,
    Connections,
    EventError,
    MailEvent,
    raw_events,
)
from insights.reports import References, Report

_DELIVERED: Final = frozenset({"delivery.delivered", "delivery.dsn-success"})
_NOTICES: Final = {
    "delivery.dsn-perm-fail": EventType.BOUNCED,
    "delivery.dsn-temp-fail": EventType.DEFERRED,
}
_REFUSALS: Final = {  # each with the command that was refused
    "delivery.rcpt-to-rejected": "RCPT TO",
    "delivery.message-rejected": "DATA",
    "delivery.mail-from-rejected": "MAIL FROM",
}
_EXPIRED: Final = "delivery.failed"
_KNOWN: Final = frozenset({CONNECTED, _EXPIRED, *_DELIVERED, *_NOTICES, *_REFUSALS})
_FROM_NOTICE: Final = "delivery.dsn-"


@dataclass(frozen=True, slots=True)
class _Account:
    """What one event says of one recipient."""

    event: MailEvent
    event_type: EventType
    recipient: str
    answer: Answer

    @property
    def key(self) -> uuid.UUID:
        """The same for all accounts of one thing that happened, in whatever batch."""
        event = self.event
        what: list[object] = [event.queue_hex, self.recipient.lower(), self.event_type]
        if self.event_type == EventType.DEFERRED:
            what += [event.attempt] if event.attempt else [event.at, self.answer.code]
        return natural_key(Source.STALWART, *what)


def parse(raw: bytes, *, received_at: datetime) -> Reading:
    """Return what a batch says: a report for each outcome, and the events nobody could read.

    Events about anything but outgoing mail are passed over. Raises PayloadError if it is no batch.
    """
    events: list[MailEvent] = []
    problems: list[Problem] = []
    for number, event in enumerate(raw_events(raw)):
        try:
            if _concerns_us(event):
                events.append(MailEvent.from_json(event, received_at=received_at))
        except EventError as error:
            problems.append(Problem(f"events[{number}]", str(error)))
    return Reading(tuple(_reports(events)), tuple(problems))


def _concerns_us(event: object) -> bool:
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str):
        raise EventError("The event has no type.")
    return kind in _KNOWN


def _reports(events: list[MailEvent]) -> Iterator[Report]:
    connections = Connections(events)
    same: dict[uuid.UUID, list[_Account]] = {}
    for event in events:
        for account in _accounts(event):
            same.setdefault(account.key, []).append(account)
    for key, accounts in same.items():
        accounts.sort(key=_nearness)
        yield _report(key, accounts, connections)


def _accounts(event: MailEvent) -> Iterable[_Account]:
    event_type, answer = _outcome(event)
    if event_type is None:
        return ()
    return [_Account(event, event_type, who, answer) for who in _concerned(event)]


def _outcome(event: MailEvent) -> tuple[EventType | None, Answer]:
    """Return what an event says happened, and what was answered."""
    if event.kind in _DELIVERED:
        return EventType.DELIVERED, dialogue_answer(event.data, command="DATA")
    if event.kind in _NOTICES:
        return _NOTICES[event.kind], written_answer(event.data.get("details"))
    if event.kind == _EXPIRED:
        return EventType.BOUNCED, nested_answer(event.data.get("reason"), expired=True)
    if event.kind in _REFUSALS:
        answer = dialogue_answer(event.data, command=_REFUSALS[event.kind])
        return EventType.BOUNCED if answer.permanent else EventType.DEFERRED, answer
    return None, Answer()


def _concerned(event: MailEvent) -> tuple[str, ...]:
    """Return whom an event is about.

    Some have no recipient of their own, only those of the attempt. If these live in several
    domains, it is open whose server spoke; their notices will tell.
    """
    domains = {address.rpartition("@")[2].lower() for address in event.recipients}
    return event.recipients if len(domains) == 1 else ()


def _nearness(account: _Account) -> tuple[bool, datetime, str, str]:
    """Return what puts the accounts of one thing in order, those of the dialogue first."""
    event = account.event
    return event.kind.startswith(_FROM_NOTICE), event.at, event.host, account.answer.text


def _report(key: uuid.UUID, accounts: list[_Account], connections: Connections) -> Report:
    first = accounts[0]
    answer = merged([account.answer for account in accounts])
    addresses = [connections.local_address(account.event) for account in accounts]
    return Report(
        event_type=first.event_type,
        ts=min(account.event.at for account in accounts),
        source=Source.STALWART,
        natural_key=key,
        references=References(
            return_path=first.event.sender.rpartition("@")[0],
            queue_id=first.event.queue_hex,
            address=first.recipient,
        ),
        smtp_code=answer.code,
        enhanced_code=answer.enhanced_code,
        smtp_response=answer.text,
        bounce_class=bounce_class(answer) if first.event_type == EventType.BOUNCED else None,
        remote_host=next((account.event.host for account in accounts if account.event.host), ""),
        ip=next(filter(None, addresses), ""),
    )
