"""Writes of the inbox: storing what came in, reading it, saying which message it speaks of.

Whoever reports is answered once the bytes are stored; all else can be done again from them.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Length

import insights.queries.inbox
from common.conf import token_signer
from common.storable import storable
from common.tokens import Purpose
from insights.events import Source
from insights.messages import Message
from insights.models import PayloadStatus, RawPayload
from insights.providers import stalwart
from insights.providers.anymail import posts
from insights.providers.base import PayloadError, Reading
from insights.providers.mail.reader import read_mail
from insights.providers.mail.reading import MailKind
from insights.providers.mail.reports import reports as reports_of_mail
from insights.reports import References, Report

BATCH_PAYLOADS = 100
BATCH_BYTES = 50 * 1024 * 1024  # of bodies held in memory at once; a single one may be larger
DISCARDED_AT_ONCE = 1_000
LONGEST_PROBLEM_CHARS = 2_000
LONGEST_ADDRESS_CHARS = 320  # RFC 3696 errata: 64 + @ + 255
MOST_ATTEMPTS = 5  # at a payload that breaks the reader
FIRST_PAUSE = timedelta(minutes=1)  # doubled with each attempt
# The ledger learns a queue id with the answer to the hand-over, which a webhook may overtake.
WAIT_FOR_LEDGER = timedelta(hours=1)
# Whose reports are signed, so that the metadata in them is what we gave.
SIGNED: Final = frozenset({Source.STALWART, Source.ANYMAIL})
_FORGET = """
DELETE FROM email_delivery_events AS e USING unnest(%s::uuid[], %s::timestamptz[]) AS kept (key, at)
WHERE e.natural_key = kept.key AND e.ts > kept.at
"""
_NOTHING_KNOWN = "This mail reports nothing that we know: no bounce, complaint or answer."


@dataclass(frozen=True, slots=True)
class Contents:
    """What a payload says; `problem` tells what in it could not be read, empty if all could."""

    reports: tuple[Report, ...] = ()
    problem: str = ""


def store(  # noqa: PLR0913  the columns of one row
    organization_id: int,
    *,
    source: Source,
    body: bytes,
    esp: str = "",
    headers: Mapping[str, str] | None = None,
    envelope_to: str = "",
    now: datetime,
) -> RawPayload:
    """Put what came in into the inbox, to be read soon, and return it."""
    return RawPayload.objects.create(
        organization_id=organization_id,
        source=source.value,
        esp=esp,
        received_at=now,
        envelope_to=storable(envelope_to)[:LONGEST_ADDRESS_CHARS],
        headers={name: storable(value) for name, value in (headers or {}).items()},
        body=body,
        due_at=now,
    )


def last_number() -> int:
    """Return the number of what came in last, 0 for an empty inbox."""
    return RawPayload.objects.order_by("pk").values_list("pk", flat=True).last() or 0


def take_mail(organization_id: int, *, envelope_to: str, mark: bytes, after: int) -> bytes | None:
    """Return a mail to an address that holds `mark`, taken out of the inbox; None if not there.

    Only what has a higher number than `after` is looked at.
    """
    mails = RawPayload.objects.filter(
        organization=organization_id,
        source=Source.MAIL.value,
        envelope_to__iexact=envelope_to,
        pk__gt=after,
    )
    for payload in mails:
        if mark in bytes(payload.body):
            payload.delete()
            return bytes(payload.body)
    return None


def claim(*, now: datetime, only: Collection[int] | None = None) -> list[RawPayload]:
    """Return what is to be read next, as much as one batch holds; locked to the transaction's end.

    The oldest come first; what somebody else reads just now is passed over.
    """
    waiting = RawPayload.objects.filter(status=PayloadStatus.WAITING, due_at__lte=now)
    if only is not None:
        waiting = waiting.filter(pk__in=only)
    free = waiting.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id")
    sizes = free.values_list("pk", Length("body"))[:BATCH_PAYLOADS]
    chosen = RawPayload.objects.filter(pk__in=_fitting(sizes))
    return list(chosen.order_by("due_at", "id"))


def _fitting(sizes: Iterable[tuple[int, int]]) -> list[int]:
    """Return the first of some payloads, as far as they fit into memory; one in any case."""
    fitting: list[int] = []
    total = 0
    for payload_id, size in sizes:
        total += size
        if fitting and total > BATCH_BYTES:
            break
        fitting.append(payload_id)
    return fitting


def contents(payload: RawPayload) -> Contents:
    """Return what a payload says, in the words of every source."""
    body, received_at = bytes(payload.body), payload.received_at
    if payload.source == Source.MAIL:
        return _of_mail(body, received_at=received_at, envelope_to=payload.envelope_to)
    try:
        if payload.source == Source.ANYMAIL:
            return _of_batch(
                posts.parse(body, esp=payload.esp, headers=payload.headers, received_at=received_at)
            )
        return _of_batch(stalwart.parse(body, received_at=received_at))
    except PayloadError as error:
        return Contents(problem=storable(str(error)))


def _of_batch(reading: Reading) -> Contents:
    told = (f"{problem.place}: {storable(problem.reason)}" for problem in reading.problems)
    return Contents(reading.reports, "\n".join(told))


def _of_mail(body: bytes, *, received_at: datetime, envelope_to: str) -> Contents:
    reading = read_mail(body, received_at=received_at, envelope_to=envelope_to)
    problem = _NOTHING_KNOWN if reading.kind is MailKind.NONE else ""
    return Contents(tuple(reports_of_mail(reading)), problem)


def of_kept_months(found: Contents, *, since: datetime | None) -> Contents:
    """Return contents without what happened before `since`, and name that as a problem.

    Events of that time were dropped: nothing can tell any more whether it was recorded before.
    """
    if since is None:
        return found
    refused = [
        f"Too old to be recorded: {report.event_type} on {report.ts:%Y-%m-%d}. Events from before "
        f"{since:%Y-%m-%d} are no longer kept."
        for report in found.reports
        if report.ts < since
    ]
    kept = tuple(report for report in found.reports if report.ts >= since)
    return Contents(kept, "\n".join(filter(None, [found.problem, *refused])))


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


def discard(*, read_before: datetime, problems_before: datetime) -> int:
    """Delete what came in before these times and return how much: what is recorded, and the rest.

    What waits stays, however old it is.
    """
    recorded = Q(status=PayloadStatus.READ, received_at__lt=read_before)
    known = (PayloadStatus.UNREADABLE, PayloadStatus.UNATTRIBUTED)
    problems = Q(status__in=known, received_at__lt=problems_before)
    discarded = 0
    while True:
        old = RawPayload.objects.filter(recorded | problems).order_by("pk")
        chosen = list(old.values_list("pk", flat=True)[:DISCARDED_AT_ONCE])
        if not chosen:
            return discarded
        discarded += RawPayload.objects.filter(recorded | problems, pk__in=chosen).delete()[0]


def forget_later_accounts(since: Mapping[uuid.UUID, datetime]) -> None:
    """Delete events that tell with a later time what is recorded with these; they count nothing."""
    if not since:
        return
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [list(since), list(since.values())])
