"""From the answer to one message to what its ledger row says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from campaigns.states import RecipientState
from insights.classification import classify_refusal
from insights.classification.stages import Stage as RefusedCommand
from insights.events import BounceClass
from sending.transports.base import Answer, Receipt, Stage

# Waits after the first, second, ... attempt that was asked to come back: quick at first, since
# greylisting ends within minutes, then rare, as RFC 5321 4.5.4.1 asks (30 minutes and more).
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 60, 120, 240, 480))
JITTER_SHARE = 0.1  # so that what failed together does not come back together
UNREACHED_DELAY = timedelta(seconds=60)
UNREACHED_LIMIT = timedelta(days=3)  # after that a message that no server was reached for fails
ATTEMPTS_USED = "attempts_used_up"
DEADLINE_NEAR = "deadline_before_next_attempt"
NEVER_REACHED = "server_never_reached"
# Where in the dialogue a refusal came, as the classification names it.
_REFUSED_COMMANDS = {
    Stage.MAIL: RefusedCommand.MAIL,
    Stage.RCPT: RefusedCommand.RCPT,
    Stage.DATA: RefusedCommand.DATA,
    Stage.BODY: RefusedCommand.DATA,
}


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How long a campaign's messages are tried."""

    maximum_attempts: int
    deadline_at: datetime | None
    started_at: datetime
    final_hop: bool = False  # the transport's acceptance means delivered


class Verdict(NamedTuple):
    """What one answer means for its row; its events follow from the state."""

    state: RecipientState
    reason: str = ""
    bounce_class: str = ""
    not_before: datetime | None = None
    uncount: bool = False


def judge(receipt: Receipt, *, attempts: int, rules: RetryRules) -> Verdict:
    """Return what becomes of a message after attempt number `attempts` got this answer."""
    match receipt.answer:
        case Answer.ACCEPTED:
            return _accepted(rules)
        case Answer.REFUSED:
            return _refused(receipt)
        case Answer.IN_DOUBT:
            return Verdict(RecipientState.IN_DOUBT, reason="no_answer")
        case Answer.UNREACHED:
            return _unreached(receipt, rules)
        case Answer.DEFERRED:
            return _deferred(receipt, attempts, rules)


_TAKEN_BY_RELAY = Verdict(RecipientState.SENT)
_TAKEN_BY_FINAL_HOP = Verdict(RecipientState.DELIVERED)


def _accepted(rules: RetryRules) -> Verdict:
    return _TAKEN_BY_FINAL_HOP if rules.final_hop else _TAKEN_BY_RELAY


def _refused(receipt: Receipt) -> Verdict:
    bounce_class = (
        BounceClass.BLOCK
        if receipt.code is None
        else classify_refusal(
            receipt.code,
            receipt.enhanced_code,
            receipt.response,
            stage=_REFUSED_COMMANDS.get(receipt.stage),
        )
    )
    return Verdict(RecipientState.BOUNCED, bounce_class=bounce_class)


def _unreached(receipt: Receipt, rules: RetryRules) -> Verdict:
    next_try = receipt.answered_at + UNREACHED_DELAY
    if rules.deadline_at is not None and next_try > rules.deadline_at:
        return Verdict(RecipientState.FAILED, reason=DEADLINE_NEAR)
    if receipt.answered_at - rules.started_at > UNREACHED_LIMIT:
        return Verdict(RecipientState.FAILED, reason=NEVER_REACHED)
    return Verdict(RecipientState.PLANNED, not_before=next_try, uncount=True)


def _deferred(receipt: Receipt, attempts: int, rules: RetryRules) -> Verdict:
    next_try = receipt.answered_at + retry_delay(attempts, recipient_id=receipt.recipient_id)
    reason = ""
    if attempts >= rules.maximum_attempts:
        reason = ATTEMPTS_USED
    elif rules.deadline_at is not None and next_try > rules.deadline_at:
        reason = DEADLINE_NEAR
    if reason:
        return Verdict(RecipientState.BOUNCED, reason, bounce_class=BounceClass.EXPIRED)
    return Verdict(RecipientState.PLANNED, not_before=next_try)


def retry_delay(attempts: int, *, recipient_id: int) -> timedelta:
    """Return how long to wait after attempt `attempts` (from 1), spread by recipient."""
    base = RETRY_DELAYS[min(attempts, len(RETRY_DELAYS)) - 1]
    return base * (1 + JITTER_SHARE * (recipient_id % 100) / 100)
