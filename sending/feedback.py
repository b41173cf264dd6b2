"""What follows from an answer, in one place and one transaction.

Ledger, events, suppression, and the breakers of sending IPs.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

import campaigns.operations.doubts
import campaigns.operations.ledger
import insights.operations.inbox
import insights.operations.recording
import insights.queries.inbox
import insights.queries.verdicts
import iprouting.operations.breakers
import suppression.operations
import suppression.queries
from campaigns.ledger import ClaimedRecipient, Outcome
from campaigns.models import Recipient
from campaigns.states import RecipientState
from common.addresses import normalize_address
from insights.events import BounceClass, DeliveryEvent, EventType, attempt_key
from insights.forwards import is_of_addressee
from iprouting.operations.breakers import Refusal
from sending.outcomes import Verdict
from sending.reported import Attributed, event_of, is_hand_over, new_events
from sending.transports.base import Answer, Receipt
from suppression.reasons import Origin, Reason

_REFUSING = frozenset({Answer.DEFERRED, Answer.REFUSED})
_REFUSALS = frozenset({EventType.DEFERRED, EventType.BOUNCED})
_FACTS = frozenset({RecipientState.BOUNCED, RecipientState.DELIVERED})

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


def record(
    settled: Sequence[Settled],
    *,
    organization_id: int,
    owner: uuid.UUID,
    probing: frozenset[tuple[str, str]] = frozenset(),
) -> None:
    """Write ledger, events, suppression and breakers for messages that `owner` holds.

    Rows that `owner` has lost in the meantime are left alone, and leave no event. `probing` are
    the (IP, provider) that some of the messages tried again.
    """
    if not settled:
        return
    with transaction.atomic():
        lost = campaigns.operations.ledger.record_outcomes(
            [_outcome(one) for one in settled], owner=owner
        )
        insights.operations.recording.record_outcome_events(
            organization_id, with_facts=any(one.verdict.state in _FACTS for one in settled)
        )
        valid = [one for one in settled if one.row.id not in lost]
        _suppress_refused(organization_id, valid)
        _heed_answers(organization_id, valid, probing=probing)


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


def _suppress_refused(organization_id: int, settled: Sequence[Settled]) -> None:
    """Keep mail from those whose address is gone, or whose mailbox refuses one after the other."""
    bounced = [one for one in settled if one.verdict.bounce_class and one.row.email_key]
    soft = {one.row.contact_id for one in bounced if one.verdict.bounce_class == BounceClass.SOFT}
    too_often = insights.queries.inbox.refused_in_a_row({pk for pk in soft if pk is not None})
    # In one order everywhere: two workers that add the same addresses must not wait for each other.
    for one in sorted(bounced, key=lambda one: one.row.email_key or ""):
        reason = _reason_to_suppress(one, too_often=one.row.contact_id in too_often)
        if reason is not None and one.row.email_key:
            suppression.operations.suppress(
                organization_id,
                email_key=one.row.email_key,
                reason=reason,
                origin=_ORIGINS[reason],
                source_recipient_id=one.row.id,
                note=one.receipt.response[:500] if one.receipt else "",
                now=one.at,
            )


def _reason_to_suppress(settled: Settled, *, too_often: bool) -> Reason | None:
    if settled.verdict.bounce_class == BounceClass.HARD:
        return Reason.HARD_BOUNCE
    soft = settled.verdict.bounce_class == BounceClass.SOFT
    return Reason.SOFT_BOUNCE_LIMIT if soft and too_often else None


def _heed_answers(
    organization_id: int, settled: Sequence[Settled], *, probing: frozenset[tuple[str, str]]
) -> None:
    """Let refusals open breakers, and messages that were taken close those that were probed."""
    refused = [
        Refusal(one.ip, one.row.provider, one.row.id, receipt.code, receipt.response, one.at)
        for one in settled
        if (receipt := one.receipt) is not None and receipt.answer in _REFUSING
    ]
    if refused:
        latest = max(refusal.at for refusal in refused)
        iprouting.operations.breakers.learn(organization_id, refused, by_report=False, now=latest)
    if probing:
        taken = {
            (one.ip, one.row.provider)
            for one in settled
            if one.receipt is not None and one.receipt.answer is Answer.ACCEPTED
        }
        iprouting.operations.breakers.close_probed(
            organization_id,
            taken & probing,
            by_report=False,
            now=max(one.at for one in settled),
        )


def _heed_reports(told: Sequence[Attributed], *, now: datetime) -> None:
    """Let what a relay reported of providers open and close breakers, as our own answers do."""
    for organization_id in {one.message.organization_id for one in told}:
        own = [one for one in told if one.message.organization_id == organization_id]
        refused = [
            Refusal(
                one.message.ip,
                one.message.provider,
                one.message.recipient_id,
                one.report.smtp_code,
                one.report.smtp_response,
                one.report.ts,
            )
            for one in own
            if one.report.event_type in _REFUSALS and one.message.ip
        ]
        iprouting.operations.breakers.learn(organization_id, refused, by_report=True, now=now)
        delivered = {
            (one.message.ip, one.message.provider)
            for one in own
            if one.report.event_type is EventType.DELIVERED
        }
        iprouting.operations.breakers.close_probed(
            organization_id, delivered, by_report=True, now=now
        )


def record_reports(attributed: Sequence[Attributed], *, now: datetime) -> int:
    """Write events, ledger and suppression for what was reported; return how many events are new.

    What is known already has no effect: whom staff released from suppression stays released when
    the same report comes once more.
    """
    if not attributed:
        return 0
    with transaction.atomic():
        _lock({one.message.recipient_id for one in attributed})
        sent = _sent_after_all(attributed)
        said = {event_of(one): one for one in attributed if not is_hand_over(one)}
        known = insights.queries.inbox.known_since({event.natural_key for event in said})
        events = new_events(said, known)
        judged = insights.queries.verdicts.judged(list(events), now=now)
        recorded = insights.operations.recording.record_events([*sent, *judged])
        insights.operations.inbox.forget_later_accounts(
            {event.natural_key: event.ts for event in events if event.natural_key in known}
        )
        new = set(recorded).difference(known)
        told = [one for event, one in events.items() if event.natural_key in new]
        _suppress_reported(told, now=now)
        _heed_reports(told, now=now)
        return len(new)


def _lock(recipient_ids: set[int]) -> None:
    """Let nobody else record what happened to these messages until the transaction ends."""
    rows = Recipient.objects.select_for_update().filter(pk__in=recipient_ids).order_by("pk")
    list(rows.values_list("pk"))


def _sent_after_all(attributed: Sequence[Attributed]) -> list[DeliveryEvent]:
    """Settle messages whose hand-over was in doubt, and return that they were sent as events.

    Whatever is reported of a message proves that it was handed over, except that it was withheld.
    """
    proofs: dict[int, Attributed] = {}
    for one in sorted(attributed, key=lambda one: one.report.ts):
        if one.report.event_type is not EventType.FAILED:
            proofs.setdefault(one.message.recipient_id, one)
    attempts = campaigns.operations.doubts.settle_doubtful(
        {recipient_id: one.report.ts for recipient_id, one in proofs.items()}
    )
    return [_sent(proofs[recipient_id], attempt) for recipient_id, attempt in attempts.items()]


def _sent(proof: Attributed, attempt: int) -> DeliveryEvent:
    return proof.message.event(
        EventType.SENT,
        source=proof.report.source,
        ts=proof.report.ts,
        natural_key=attempt_key(proof.message.recipient_id, attempt, EventType.SENT),
    )


def _suppress_reported(told: Sequence[Attributed], *, now: datetime) -> None:
    """Keep mail from those of whom it follows, all addresses in one order."""
    soft = [one for one in told if _is_bounce(one, BounceClass.SOFT) and _of_addressee(one)]
    wanted = _refused_too_often(soft)
    for one in told:
        if _is_bounce(one, BounceClass.HARD) and _of_addressee(one):
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


def _of_addressee(one: Attributed) -> bool:
    """Return whether it was the address we sent to that refused, not one it forwards to."""
    return is_of_addressee(one.report.refused_address, addressee=one.message.email)


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
