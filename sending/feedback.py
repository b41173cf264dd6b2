"""What follows from an answer, in one place and one transaction: ledger, events, suppression."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

import campaigns.operations.ledger
import insights.operations.recording
import insights.queries.inbox
import insights.queries.verdicts
import suppression.operations
import suppression.queries
from campaigns.ledger import ClaimedRecipient, Outcome
from campaigns.models import Recipient
from campaigns.states import RecipientState
from common.addresses import normalize_address
from insights.actors import CLAIMED_MACHINE, agent_family
from insights.events import BounceClass, DeliveryEvent, EventType
from insights.messages import Message
from insights.providers.base import natural_key
from insights.reports import Report
from sending.outcomes import Verdict
from sending.transports.base import Receipt
from suppression.reasons import Origin, Reason

_FACTS = frozenset({RecipientState.BOUNCED, RecipientState.DELIVERED})

LONGEST_ENHANCED_CODE_CHARS = 12  # as the events keep them; RFC 3463 needs 9

# What somebody says by a report, and who puts them on the list for it.
_WISHES = {
    EventType.COMPLAINED: Reason.COMPLAINT,
    EventType.UNSUBSCRIBED: Reason.UNSUBSCRIBE,
}
_ORIGINS = {
    Reason.HARD_BOUNCE: Origin.PROVIDER,
    Reason.SOFT_BOUNCE_LIMIT: Origin.SYSTEM,
    Reason.COMPLAINT: Origin.RECIPIENT,
    Reason.UNSUBSCRIBE: Origin.RECIPIENT,
}


class Settled(NamedTuple):
    """One message with the answer to it and what that means.

    `receipt` is None when nothing was handed over (the content could not be rendered).
    """

    row: ClaimedRecipient
    verdict: Verdict
    receipt: Receipt | None
    ip: str
    at: datetime


def record(settled: Sequence[Settled], *, organization_id: int, owner: uuid.UUID) -> None:
    """Write ledger, events and suppression for messages that `owner` holds.

    Rows that `owner` has lost in the meantime are left alone, and leave no event.
    """
    if not settled:
        return
    with transaction.atomic():
        lost = campaigns.operations.ledger.record_outcomes(
            [_outcome(one) for one in settled], owner=owner
        )
        insights.operations.recording.record_outcome_events(
            with_facts=any(one.verdict.state in _FACTS for one in settled)
        )
        _suppress_hard_bounces(organization_id, [one for one in settled if one.row.id not in lost])


def _outcome(settled: Settled) -> Outcome:
    row, verdict, receipt, ip, at = settled
    if receipt is None:
        return Outcome(row.id, verdict.state, at, verdict.reason)
    return Outcome(
        row.id,
        verdict.state,
        at,
        verdict.reason,
        verdict.not_before,
        verdict.uncount,
        True,  # noqa: FBT003  positions: this is made for every message
        ip,
        receipt.code,
        receipt.enhanced_code,
        receipt.response,
        verdict.bounce_class,
        receipt.queue_id,
    )


def _suppress_hard_bounces(organization_id: int, settled: Sequence[Settled]) -> None:
    # In one order everywhere: two workers that add the same addresses must not wait for each other.
    for one in sorted(settled, key=lambda one: one.row.email_key or ""):
        if one.verdict.bounce_class == BounceClass.HARD and one.row.email_key:
            suppression.operations.suppress(
                organization_id,
                email_key=one.row.email_key,
                reason=Reason.HARD_BOUNCE,
                origin=Origin.PROVIDER,
                source_recipient_id=one.row.id,
                note=one.receipt.response[:500] if one.receipt else "",
                now=one.at,
            )


class Attributed(NamedTuple):
    """What somebody reported, with the message that it is about."""

    report: Report
    message: Message


def record_reports(attributed: Sequence[Attributed], *, now: datetime) -> int:
    """Write events, ledger and suppression for what was reported; return how many events are new.

    What is known already has no effect: whom staff released from suppression stays released when
    the same report comes once more.
    """
    if not attributed:
        return 0
    with transaction.atomic():
        _lock({one.message.recipient_id for one in attributed})
        events = _new_events(attributed)
        judged = insights.queries.verdicts.judged(list(events), now=now)
        new = set(insights.operations.recording.record_events(judged))
        told = [one for event, one in events.items() if event.natural_key in new]
        _suppress_reported(told, now=now)
        return len(new)


def _lock(recipient_ids: set[int]) -> None:
    """Let nobody else record what happened to these messages until the transaction ends."""
    rows = Recipient.objects.select_for_update().filter(pk__in=recipient_ids).order_by("pk")
    list(rows.values_list("pk"))


def _new_events(attributed: Sequence[Attributed]) -> dict[DeliveryEvent, Attributed]:
    """Return the events of reports, each kind of deferral once.

    Two accounts of one thing may differ in their time by a second. For all that happens to a
    message once the ledger keeps the earliest; deferrals are counted one by one.
    """
    events = {_event(one): one for one in sorted(attributed, key=lambda one: one.report.ts)}
    deferrals = [event for event in events if event.event_type is EventType.DEFERRED]
    seen = insights.queries.inbox.known_keys({event.natural_key for event in deferrals})
    for event in deferrals:
        if event.natural_key in seen:
            del events[event]
        seen.add(event.natural_key)
    return events


def _event(attributed: Attributed) -> DeliveryEvent:
    report, message = attributed
    event = message.event(
        report.event_type,
        source=report.source,
        ts=report.ts,
        natural_key=natural_key(report.natural_key, message.recipient_id),
    )
    return event._replace(
        smtp_code=report.smtp_code,
        enhanced_code=report.enhanced_code[:LONGEST_ENHANCED_CODE_CHARS],
        smtp_response=report.smtp_response,
        bounce_class=report.bounce_class or "",
        url=report.url,
        agent=agent_family(report.user_agent or None),
        actor_reasons=(CLAIMED_MACHINE,) if report.claimed_machine else (),
    )


def _suppress_reported(told: Sequence[Attributed], *, now: datetime) -> None:
    """Keep mail from those of whom it follows, all addresses in one order."""
    wanted = _refused_too_often([one for one in told if _is_bounce(one, BounceClass.SOFT)])
    for one in told:
        if _is_bounce(one, BounceClass.HARD):
            key = normalize_address(one.message.email).key
            wanted[one.message.organization_id, key, Reason.HARD_BOUNCE] = one
        elif one.report.event_type in _WISHES:
            for key in suppression.queries.email_keys(one.message):
                reason = _WISHES[one.report.event_type]
                wanted[one.message.organization_id, key, reason] = one
    for (organization_id, email_key, reason), one in sorted(
        wanted.items(), key=lambda item: item[0]
    ):
        suppression.operations.suppress(
            organization_id,
            email_key=email_key,
            reason=reason,
            origin=_ORIGINS[reason],
            source_recipient_id=one.message.recipient_id,
            note=one.report.smtp_response,
            now=now,
        )


def _is_bounce(one: Attributed, bounce_class: BounceClass) -> bool:
    return one.report.event_type == EventType.BOUNCED and one.report.bounce_class == bounce_class


def _refused_too_often(
    bounced: Sequence[Attributed],
) -> dict[tuple[int, str, Reason], Attributed]:
    """Return the entries for those whose mailbox refuses one message after the other."""
    contact_ids = {one.message.contact_id for one in bounced if one.message.contact_id}
    refused = insights.queries.inbox.refused_in_a_row(contact_ids)
    return {
        (
            one.message.organization_id,
            normalize_address(one.message.email).key,
            Reason.SOFT_BOUNCE_LIMIT,
        ): one
        for one in bounced
        if one.message.contact_id in refused
    }
