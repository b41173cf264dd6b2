"""What a worker that died had in its hands, settled from its journal.

A journal's lock is freed by the kernel when its writer dies, however it dies. Whoever then gets the
lock knows for every message of the lease whether it was answered (the answer is in the journal),
handed over without an answer (in doubt) or never handed over (given back).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

import campaigns.operations.ledger
import campaigns.queries.ledger
import iprouting.queries
import warmup.operations.reservations
from campaigns.ledger import ClaimedRecipient
from campaigns.models import Campaign, Recipient
from campaigns.states import RecipientState
from iprouting.models import SendingIP
from sending import conf, feedback
from sending.feedback import Settled
from sending.journal import AbandonedJournal, read_abandoned
from sending.outcomes import RetryRules, Verdict, judge
from sending.transports.base import Answer, Receipt

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
    written = journal.in_doubt.union(one.recipient_id for one in journal.receipts)
    ways = iprouting.queries.chosen_ips(written)
    _settle_room(journal, ways, owner=owner)
    if not held:
        return
    with transaction.atomic():
        _record(journal, held, ways, owner=owner, now=now)
        if journal.trustworthy:
            campaigns.operations.ledger.release(owner=owner)
        else:
            campaigns.operations.ledger.doubt_owner(owner)


def _settle_room(journal: AbandonedJournal, ways: Mapping[int, int], *, owner: uuid.UUID) -> None:
    """Give back what was reserved and never handed over, as far as that is known.

    Where it is not known through which IP a message left, it counts as through each.
    """
    reached = [one for one in journal.receipts if one.answer is not Answer.UNREACHED]
    handed_over = journal.in_doubt.union(one.recipient_id for one in reached)
    rows = Recipient.objects.filter(pk__in=handed_over).values_list("pk", "provider")
    providers = dict(rows)
    if not journal.trustworthy or providers.keys() < handed_over:
        warmup.operations.reservations.settle_up_to(None, owner=owner)
    elif ways.keys() >= handed_over:
        by_way = Counter((ways[pk], provider) for pk, provider in providers.items())
        warmup.operations.reservations.settle(by_way, owner=owner)
    else:
        known = Counter(providers.values())
        warmup.operations.reservations.settle_up_to(known, owner=owner)


def _record(
    journal: AbandonedJournal,
    held: list[ClaimedRecipient],
    ways: Mapping[int, int],
    *,
    owner: uuid.UUID,
    now: datetime,
) -> None:
    """Record answers and doubts campaign by campaign (a lease only ever spans one)."""
    sample = Recipient.objects.get(pk=held[0].id)
    campaign = Campaign.objects.select_related("organization").get(pk=sample.campaign_id)
    ips = SendingIP.objects.select_related("transport").in_bulk(set(ways.values()))
    answers = {receipt.recipient_id: receipt for receipt in journal.receipts}
    settled = [
        _from_receipt(row, answers[row.id], campaign, ips.get(ways.get(row.id, 0)))
        for row in held
        if row.id in answers
    ]
    settled += [_in_doubt(row, now) for row in held if row.id in journal.in_doubt]
    feedback.record(settled, organization_id=campaign.organization_id, owner=owner)


def _from_receipt(
    row: ClaimedRecipient, receipt: Receipt, campaign: Campaign, ip: SendingIP | None
) -> Settled:
    rules = RetryRules(
        campaign.maximum_attempts,
        campaign.deadline_at,
        campaign.prepared_at or campaign.created_at,
        final_hop=ip is not None and ip.transport.final_hop,
    )
    verdict = judge(receipt, attempts=row.attempts, rules=rules)
    return Settled(row, verdict, receipt, ip.address if ip else "", receipt.answered_at)


def _in_doubt(row: ClaimedRecipient, now: datetime) -> Settled:
    return Settled(row, Verdict(RecipientState.IN_DOUBT, "worker_died"), None, "", now)
