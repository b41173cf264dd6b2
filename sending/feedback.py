"""What follows from an answer, in one place and one transaction: ledger, events, suppression."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

import campaigns.operations.ledger
import insights.operations.recording
import suppression.operations
from campaigns.ledger import ClaimedRecipient, Outcome
from insights.events import BounceClass
from sending.outcomes import Verdict
from sending.transports.base import Receipt
from suppression.reasons import Origin, Reason


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
        insights.operations.recording.record_outcome_events()
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
