"""Hands a campaign of the past over to the sandbox's mailboxes, by the send path's own operations.

Only the wire is left out: what the sandbox's server would have answered is asked of it directly.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import campaigns.operations.campaigns
import campaigns.operations.ledger
import iprouting.queries
import sending.feedback
import sending.operations.lifecycle
from campaigns.ledger import ClaimedRecipient
from campaigns.models import Campaign
from common.conf import token_signer
from iprouting.models import SendingIP
from sandbox.answers import Answer, Answers, Message
from sending.feedback import Settled
from sending.outcomes import RetryRules, judge
from sending.transports.base import Answer as Said
from sending.transports.base import Receipt, Stage
from sending.transports.smtp.replies import (
    ReplyParser,
    answer_of,
    enhanced_code,
    queue_id,
    response_text,
)

SEED: Final = 1  # that of the sandbox's server, so that the same mailboxes misbehave
BATCH: Final = 500
SECOND_TRY: Final = timedelta(minutes=5)  # when those who asked to wait are tried again
STEP: Final = timedelta(milliseconds=20)  # from one message to the next
LEASE: Final = timedelta(minutes=10)


def send(campaign: Campaign, *, actor: str, at: datetime) -> None:
    """Start a campaign at a moment of the past and bring it to its end."""
    campaigns.operations.campaigns.begin(campaign, actor=actor, now=at)
    sending.operations.lifecycle.prepare(campaign.pk, now=at)
    campaign.refresh_from_db()
    ips = list(
        iprouting.queries.usable_ips(campaign.organization_id, stream=campaign.stream, now=at)
    )
    clock = _Clock(at)
    answers = Answers(seed=SEED, clock=clock.now)
    for now in (at, at + SECOND_TRY):
        clock.set(now)
        _hand_over(campaign, ips, answers=answers, clock=clock)
    sending.operations.lifecycle.end_finished(now=clock.now())
    campaign.refresh_from_db()


class _Clock:
    """Says what time it was; each message takes a moment."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def set(self, at: datetime) -> None:
        self._at = max(at, self._at)

    def now(self) -> datetime:
        return self._at

    def step(self) -> datetime:
        self._at += STEP
        return self._at


def _hand_over(
    campaign: Campaign, ips: Sequence[SendingIP], *, answers: Answers, clock: _Clock
) -> None:
    rules = RetryRules(
        campaign.maximum_attempts, None, campaign.prepared_at or clock.now(), final_hop=True
    )
    while rows := _claimed(campaign.pk, owner=(owner := uuid.uuid4()), now=clock.now()):
        settled = [
            _settled(row, ips[row.id % len(ips)], answers=answers, rules=rules, at=clock.step())
            for row in rows
        ]
        sending.feedback.record(settled, organization_id=campaign.organization_id, owner=owner)


def _claimed(campaign_id: int, *, owner: uuid.UUID, now: datetime) -> list[ClaimedRecipient]:
    return campaigns.operations.ledger.claim_batch(
        campaign_id, limit=BATCH, owner=owner, now=now, lease_until=now + LEASE
    )


def _settled(
    row: ClaimedRecipient, ip: SendingIP, *, answers: Answers, rules: RetryRules, at: datetime
) -> Settled:
    answer, stage = _asked(row, ip, answers=answers)
    receipt = _receipt(row.id, answer, stage, at=at)
    verdict = judge(receipt, attempts=row.attempts, rules=rules)
    return Settled(row, verdict, receipt, ip.address, at)


def _asked(row: ClaimedRecipient, ip: SendingIP, *, answers: Answers) -> tuple[Answer, Stage]:
    """Return what the sandbox answers to a message, and to which command."""
    return_path = token_signer().for_message(row.id).return_path
    answer, behaviour = answers.at_rcpt(
        mail_from=return_path, rcpt_to=row.email, client_ip=ip.address
    )
    if not answer.taken:
        return answer, Stage.RCPT
    message = Message(
        mail_from=return_path,
        rcpt_to=(row.email,),
        data=f"Message-ID: <{row.message_id}>\r\n\r\n".encode(),
        client_ip=ip.address,
        helo=ip.hostname,
        queue_id=answers.new_queue_id(),
    )
    return answers.after_body(message, behaviour=behaviour), Stage.BODY


def _receipt(recipient_id: int, answer: Answer, stage: Stage, *, at: datetime) -> Receipt:
    [(code, text)] = ReplyParser().feed(answer.reply)
    words = response_text(text)
    return Receipt(
        recipient_id,
        answer_of(code) or Said.REFUSED,
        stage,
        code,
        enhanced_code(words),
        words,
        queue_id(words),
        at,
    )
