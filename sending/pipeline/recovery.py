"""What a worker that died had in its hands, settled from its journal.

A journal's lock is freed by the kernel when its writer dies, however it dies. Whoever then gets the
lock knows for every message of the lease whether it was answered (the answer is in the journal),
handed over without an answer (in doubt) or never handed over (given back).
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction

import campaigns.operations.ledger
import campaigns.queries.ledger
import warmup.operations.reservations
from campaigns.ledger import ClaimedRecipient
from campaigns.models import Campaign, Recipient
from campaigns.states import RecipientState
from sending import conf, feedback
from sending.feedback import Settled
from sending.journal import AbandonedJournal, read_abandoned
from sending.outcomes import RetryRules, Verdict, judge
from sending.transports.base import Receipt

# A lease on another machine may still be settled from the journal there; only then is it given up.
EXPIRY_GRACE = timedelta(minutes=10)


def recover(*, now: datetime) -> int:
    """Settle everything dead workers left on this machine, and leases that ended long ago.

    Returns how many journals were settled. Run by any number of workers at once.
    """
    settled = 0
    for journal in read_abandoned(conf.journal_directory()):
        with journal:
            _settle(journal, now=now)
            journal.remove()
            settled += 1
    campaigns.operations.ledger.doubt_expired(before=now - EXPIRY_GRACE)
    campaigns.operations.ledger.resend_doubtful(now=now)
    return settled


def _settle(journal: AbandonedJournal, *, now: datetime) -> None:
    owner = uuid.UUID(journal.owner)
    held = campaigns.queries.ledger.leased_rows(owner)
    # Which IP a message left through is not in the journal: every one counts as through each.
    handed_over = _by_provider(journal) if journal.trustworthy else None
    warmup.operations.reservations.settle_up_to(handed_over, owner=owner)
    if not held:
        return
    with transaction.atomic():
        _record(journal, held, owner=owner, now=now)
        if journal.trustworthy:
            campaigns.operations.ledger.release(owner=owner)
        else:
            campaigns.operations.ledger.doubt_owner(owner)


def _by_provider(journal: AbandonedJournal) -> Counter[str]:
    """Return how many messages a server answered to, or may have taken, by provider."""
    ids = [*(receipt.recipient_id for receipt in journal.receipts), *journal.in_doubt]
    return Counter(Recipient.objects.filter(pk__in=ids).values_list("provider", flat=True))


def _record(
    journal: AbandonedJournal, held: list[ClaimedRecipient], *, owner: uuid.UUID, now: datetime
) -> None:
    """Record answers and doubts campaign by campaign (a lease only ever spans one)."""
    sample = Recipient.objects.get(pk=held[0].id)
    campaign = Campaign.objects.select_related("organization").get(pk=sample.campaign_id)
    rules = RetryRules(
        campaign.maximum_attempts,
        campaign.deadline_at,
        campaign.prepared_at or campaign.created_at,
    )
    answers = {receipt.recipient_id: receipt for receipt in journal.receipts}
    doubtful = set(journal.in_doubt)
    settled = [_from_receipt(row, answers[row.id], rules) for row in held if row.id in answers]
    settled += [_in_doubt(row, now) for row in held if row.id in doubtful]
    feedback.record(settled, organization_id=campaign.organization_id, owner=owner)


def _from_receipt(row: ClaimedRecipient, receipt: Receipt, rules: RetryRules) -> Settled:
    verdict = judge(receipt, attempts=row.attempts, rules=rules)
    return Settled(row, verdict, receipt, "", receipt.answered_at)


def _in_doubt(row: ClaimedRecipient, now: datetime) -> Settled:
    return Settled(row, Verdict(RecipientState.IN_DOUBT, "worker_died"), None, "", now)
