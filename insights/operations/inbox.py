"""Writes of the inbox: storing what came in, reading it, saying which message it speaks of.

Whoever reports is answered once the bytes are stored; all else can be done again from them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

import insights.queries.inbox
from common.conf import token_signer
from common.storable import storable
from common.tokens import Purpose
from insights.events import Source
from insights.messages import Message
from insights.models import PayloadStatus, RawPayload
from insights.providers import stalwart
from insights.providers.base import PayloadError
from insights.providers.mail.reader import read_mail
from insights.providers.mail.reading import MailKind
from insights.providers.mail.reports import reports as reports_of_mail
from insights.reports import References, Report

LONGEST_PROBLEM_CHARS = 2_000
LONGEST_ADDRESS_CHARS = 320  # RFC 3696 errata: 64 + @ + 255
MOST_ATTEMPTS = 5  # at a payload that breaks the reader
FIRST_PAUSE = timedelta(minutes=1)  # doubled with each attempt
# The ledger learns a queue id with the answer to the hand-over, which a webhook may overtake.
WAIT_FOR_LEDGER = timedelta(hours=1)
# Whose reports are signed, so that the metadata in them is what we gave.
SIGNED: Final = frozenset({Source.STALWART, Source.ANYMAIL})
_NOTHING_KNOWN = "This mail reports nothing that we know: no bounce, complaint or answer."


@dataclass(frozen=True, slots=True)
class Contents:
    """What a payload says; `problem` tells what in it could not be read, empty if all could."""

    reports: tuple[Report, ...] = ()
    problem: str = ""


def store(
    organization_id: int,
    *,
    source: Source,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    envelope_to: str = "",
    now: datetime,
) -> RawPayload:
    """Put what came in into the inbox, to be read soon, and return it."""
    return RawPayload.objects.create(
        organization_id=organization_id,
        source=source.value,
        received_at=now,
        envelope_to=storable(envelope_to)[:LONGEST_ADDRESS_CHARS],
        headers={name: storable(value) for name, value in (headers or {}).items()},
        body=body,
        due_at=now,
    )


def claim(payload_ids: Collection[int]) -> list[RawPayload]:
    """Return those that wait and that nobody else reads, locked until the transaction ends."""
    waiting = RawPayload.objects.filter(pk__in=payload_ids, status=PayloadStatus.WAITING)
    return list(waiting.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))


def contents(payload: RawPayload) -> Contents:
    """Return what a payload says, in the words of every source."""
    body = bytes(payload.body)
    if payload.source == Source.STALWART:
        return _of_batch(body, received_at=payload.received_at)
    return _of_mail(body, received_at=payload.received_at, envelope_to=payload.envelope_to)


def _of_batch(body: bytes, *, received_at: datetime) -> Contents:
    try:
        reading = stalwart.parse(body, received_at=received_at)
    except PayloadError as error:
        return Contents(problem=str(error))
    told = (f"{problem.place}: {problem.reason}" for problem in reading.problems)
    return Contents(reading.reports, "\n".join(told))


def _of_mail(body: bytes, *, received_at: datetime, envelope_to: str) -> Contents:
    reading = read_mail(body, received_at=received_at, envelope_to=envelope_to)
    problem = _NOTHING_KNOWN if reading.kind is MailKind.NONE else ""
    return Contents(tuple(reports_of_mail(reading)), problem)


def attribute(reports: Sequence[Report], *, organization_id: int) -> list[Message | None]:
    """Return for each report the message that it speaks of, or None where that is not certain.

    The surest reference that leads to a message of the organization decides.
    """
    ids_of_messages = insights.queries.inbox.with_message_id(
        {report.references.message_id for report in reports}, organization_id=organization_id
    )
    ids_of_queues = insights.queries.inbox.with_queue_id(
        {_queue_pair(report.references) for report in reports}, organization_id=organization_id
    )
    candidates = [
        [
            _given_back(report),
            _signed(report.references.return_path, Purpose.RETURN_PATH),
            ids_of_messages.get(report.references.message_id),
            _signed(report.references.unsubscribe_token, Purpose.UNSUBSCRIBE),
            ids_of_queues.get(_queue_pair(report.references)),
        ]
        for report in reports
    ]
    known = insights.queries.inbox.messages(
        {number for numbers in candidates for number in numbers if number is not None},
        organization_id=organization_id,
    )
    return [
        next((known[number] for number in numbers if number in known), None)
        for numbers in candidates
    ]


def _given_back(report: Report) -> int | None:
    return report.references.recipient_id if report.source in SIGNED else None


def _signed(token: str, purpose: Purpose) -> int | None:
    return token_signer().read(token, purpose=purpose) if token else None


def _queue_pair(references: References) -> tuple[str, str]:
    return references.queue_id, references.address


def settle(
    payload: RawPayload, found: Contents, *, unattributed: Sequence[Report], now: datetime
) -> None:
    """Say in the inbox what became of a payload: read, or what of it could not be."""
    payload.attempts += 1
    payload.read_at = now
    problems = [found.problem, *map(_unattributed, unattributed)]
    payload.problem = "\n".join(filter(None, problems))[:LONGEST_PROBLEM_CHARS]
    payload.status = PayloadStatus.READ
    if unattributed:
        payload.status = PayloadStatus.UNATTRIBUTED
        if _may_come_up(payload, unattributed, now=now):
            payload.status = PayloadStatus.WAITING
            payload.due_at = now + _pause(payload.attempts)
    elif found.problem:
        payload.status = PayloadStatus.UNREADABLE
    payload.save(update_fields=["attempts", "read_at", "problem", "status", "due_at"])


def _may_come_up(payload: RawPayload, reports: Sequence[Report], *, now: datetime) -> bool:
    """Return whether the ledger may yet learn of what a report names."""
    young = now < payload.received_at + WAIT_FOR_LEDGER
    return young and any(report.references.queue_id for report in reports)


def _unattributed(report: Report) -> str:
    references = report.references
    whom = references.address or "an address that is not named"
    return f"No message of ours is known that this could be about: {report.event_type}, {whom}."


def fail(payload_id: int, *, reason: str, now: datetime) -> None:
    """Put off a payload that could not be worked on; after several attempts, give it up."""
    payload = RawPayload.objects.only("attempts").get(pk=payload_id)
    attempts = payload.attempts + 1
    given_up = attempts >= MOST_ATTEMPTS
    RawPayload.objects.filter(pk=payload_id, status=PayloadStatus.WAITING).update(
        attempts=attempts,
        status=PayloadStatus.UNREADABLE if given_up else PayloadStatus.WAITING,
        problem=storable(reason)[:LONGEST_PROBLEM_CHARS],
        due_at=now + _pause(attempts),
        read_at=now,
    )


def _pause(attempts: int) -> timedelta:
    return FIRST_PAUSE * (1 << min(attempts, MOST_ATTEMPTS) - 1)


def replay(payloads: QuerySet[RawPayload, RawPayload], *, now: datetime) -> int:
    """Have payloads read again from their bytes and return how many; what is recorded stays."""
    return payloads.update(status=PayloadStatus.WAITING, attempts=0, problem="", due_at=now)
