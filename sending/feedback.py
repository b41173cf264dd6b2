"""What follows from an answer, in one place and one transaction: ledger, events, suppression."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

import campaigns.operations.ledger
import insights.operations
import suppression.operations
from campaigns.ledger import ClaimedRecipient, Outcome
from campaigns.states import RecipientState
from insights.events import BounceClass, DeliveryEvent, EventType, Source, attempt_key
from sending.outcomes import Verdict
from sending.transports.base import Receipt
from suppression.reasons import Origin, Reason

_SENT = frozenset({RecipientState.SENT, RecipientState.DELIVERED})


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What all messages of a campaign share on their events."""

    organization_id: int
    campaign_id: int
    identity_id: int
    stream: str


@dataclass(frozen=True, slots=True)
class Settled:
    """One message with the answer to it and what that means.

    `receipt` is None when nothing was handed over (the content could not be rendered).
    """

    row: ClaimedRecipient
    verdict: Verdict
    receipt: Receipt | None
    ip: str
    at: datetime


def record(facts: MailFacts, settled: Sequence[Settled], *, owner: uuid.UUID) -> None:
    """Write ledger, events and suppression for messages that `owner` holds.

    Rows that `owner` has lost in the meantime are left alone, and leave no event.
    """
    with transaction.atomic():
        outcomes = [_outcome(one) for one in settled]
        written = campaigns.operations.ledger.record_outcomes(outcomes, owner=owner)
        kept = [one for one in settled if one.row.id in written]
        insights.operations.record_events([e for one in kept for e in _events(facts, one)])
        _suppress_hard_bounces(facts, kept)


def _outcome(settled: Settled) -> Outcome:
    verdict, receipt = settled.verdict, settled.receipt
    taken = settled.at if verdict.state in _SENT else None
    return Outcome(
        recipient_id=settled.row.id,
        state=verdict.state,
        reason=verdict.reason,
        not_before=verdict.not_before,
        uncount=verdict.uncount,
        ip=settled.ip,
        smtp_code=receipt.code if receipt else None,
        enhanced_code=receipt.enhanced_code if receipt else "",
        smtp_response=receipt.response if receipt else "",
        bounce_class=verdict.bounce_class,
        queue_id=receipt.queue_id if receipt else "",
        sent_at=taken,
        delivered_at=taken if verdict.state is RecipientState.DELIVERED else None,
    )


def _events(facts: MailFacts, settled: Settled) -> Iterable[DeliveryEvent]:
    return [_event(facts, settled, event_type) for event_type in settled.verdict.event_types]


def _event(facts: MailFacts, settled: Settled, event_type: EventType) -> DeliveryEvent:
    row, receipt = settled.row, settled.receipt
    return DeliveryEvent(
        event_type=event_type,
        organization_id=facts.organization_id,
        campaign_id=facts.campaign_id,
        recipient_id=row.id,
        ts=settled.at,
        natural_key=attempt_key(row.id, row.attempts, event_type),
        source=Source.SMTP if receipt else Source.SYSTEM,
        provider=row.provider,
        stream=facts.stream,
        identity_id=facts.identity_id,
        list_id=row.list_id,
        ip=settled.ip,
        variant=row.variant,
        smtp_code=receipt.code if receipt else None,
        enhanced_code=receipt.enhanced_code if receipt else "",
        smtp_response=receipt.response if receipt else settled.verdict.reason,
        bounce_class=settled.verdict.bounce_class,
    )


def _suppress_hard_bounces(facts: MailFacts, settled: Sequence[Settled]) -> None:
    # In one order everywhere: two workers that add the same addresses must not wait for each other.
    for one in sorted(settled, key=lambda one: one.row.email_key or ""):
        if one.verdict.bounce_class == BounceClass.HARD and one.row.email_key:
            suppression.operations.suppress(
                facts.organization_id,
                email_key=one.row.email_key,
                reason=Reason.HARD_BOUNCE,
                origin=Origin.PROVIDER,
                source_recipient_id=one.row.id,
                note=one.receipt.response[:500] if one.receipt else "",
                now=one.at,
            )
