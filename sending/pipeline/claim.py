"""Claim, check again, plan and reserve: what ends with a batch to hand over."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

import campaigns.operations.ledger
import campaigns.queries.ledger
import suppression.queries
import warmup.queries
from campaigns.ledger import ClaimedRecipient, Outcome
from campaigns.models import Campaign
from campaigns.states import RecipientState
from sending.journal import FileJournal, Journals
from sending.mailing import CampaignMail
from sending.pipeline.batch import Batch
from sending.pipeline.candidates import Candidates
from sending.pipeline.lanes import Lanes
from sending.pipeline.pacing import Paces, paces
from sending.pipeline.rooms import day_ends, room_ends, take_room
from sending.pipeline.waiting import Waiting
from sending.plan import (
    ENGAGED_DAYS,
    PROVIDER_CAP,
    BatchFacts,
    Decision,
    Defer,
    Deliver,
    RecipientFacts,
    Skip,
    plan_batch,
)
from sending.queries.rooms import closed_providers, room_wait, total_room
from warmup.queries import Room

STOP_BEFORE_LEASE_SHARE = 0.5  # hand-overs end at half the lease; answers may take the other half
NOTHING_ELIGIBLE_DELAY = timedelta(seconds=60)
SEEDS = 2**32  # of the random bits of a claim's name: where among the IPs' turns it begins


@dataclass(frozen=True, slots=True)
class Claimer:
    """Takes batches of one campaign."""

    campaign: Campaign
    mail: CampaignMail
    journals: Journals
    lease: timedelta
    candidates: Candidates
    lanes: Lanes
    fallback_ids: frozenset[int] = frozenset()  # IPs that only stand in for others

    @property
    def _waiting(self) -> Waiting:
        return Waiting(self.campaign, self.candidates.ips)

    def claim(self, *, limit: int, now: datetime) -> Batch | None:
        """Return the next batch, or None when nothing is due or the campaign does not run.

        Who was suppressed a moment ago is skipped here. The journal exists before the lease does,
        so that whoever finds the lease abandoned also finds out what was handed over.
        """
        owner = uuid.uuid4()
        journal = self.journals.take(owner=str(owner))
        try:
            batch = self._claim(owner, journal, limit=limit, now=now)
        except BaseException:
            journal.close()  # it stays: from it recovery knows that nothing was handed over
            raise
        if batch is None:
            self.journals.give_back(journal)
        return batch

    def _claim(
        self, owner: uuid.UUID, journal: FileJournal, *, limit: int, now: datetime
    ) -> Batch | None:
        self.candidates.look_again(now=now)
        ips = self.candidates.ips
        if not ips:
            return None
        rooms = warmup.queries.rooms(ips, now=now)
        wait = room_wait(ips, rooms)
        if wait is not None:
            self._waiting.for_room(wait, now=now)
            return None
        rows = self._leased(owner, rooms, limit=limit, now=now)
        return self._planned(rows, rooms, owner=owner, journal=journal, now=now) if rows else None

    def _leased(
        self, owner: uuid.UUID, rooms: Mapping[int, Room], *, limit: int, now: datetime
    ) -> list[ClaimedRecipient]:
        """Lease who is due, no more than there is room for; the engaged alone while they wait.

        Who is at a provider that no IP may send anything more today stays where they are.
        """
        ips = self.candidates.ips
        room, closed = total_room(rooms, ips), closed_providers(rooms, ips)
        only_engaged = room is not None and self._engaged_wait(rooms)
        rows = campaigns.operations.ledger.claim_batch(
            self.campaign.pk,
            limit=limit if room is None else min(limit, room),
            owner=owner,
            now=now,
            lease_until=now + self.lease,
            engaged_within=ENGAGED_DAYS if only_engaged else None,
            without_providers=closed,
        )
        if only_engaged and not rows:
            self._waiting.for_engaged(now=now)
        elif closed and not rows:
            self._waiting.for_providers(closed, rooms, now=now)
        return rows

    def _planned(
        self,
        rows: Sequence[ClaimedRecipient],
        rooms: Mapping[int, Room],
        *,
        owner: uuid.UUID,
        journal: FileJournal,
        now: datetime,
    ) -> Batch:
        """Settle who is not mailed now, take room for the others, and return them as a batch."""
        pace = paces(
            self.campaign.organization_id,
            ips=self.candidates.ips,
            providers={row.provider for row in rows},
            lanes=self.lanes,
            now=now,
        )
        facts = self._facts(rows, rooms, pace, owner=owner, now=now)
        decisions = pace.spread(plan_batch(facts), rows, lanes=self.lanes)
        not_now = [
            *_settled_by_plan(decisions, now=now),
            *(self._waiting.capped(decisions, rows, rooms, now=now) if rooms else ()),
        ]
        if not_now:
            with transaction.atomic():
                campaigns.operations.ledger.record_outcomes(not_now, owner=owner)
        by_ip = _by_ip(rows, decisions)
        surplus = pace.trim(by_ip)
        surplus += take_room(by_ip, rooms, owner=owner, now=now)
        if surplus:
            campaigns.operations.ledger.release(owner=owner, only=surplus)
        self.candidates.keep(facts, by_ip)
        if not by_ip:
            self._waiting.if_nobody_has_a_place(decisions, now=now)
        for list_id in {row.list_id for of_ip in by_ip.values() for row in of_ip}:
            self.mail.load_list(list_id)
        stop_at = day_ends(by_ip, rooms, until=now + self.lease * STOP_BEFORE_LEASE_SHARE)
        return Batch(
            owner,
            journal,
            by_ip,
            stop_at,
            reserved=bool(rooms),
            probing=frozenset(pace.probing),
            lanes=pace.lanes,
        )

    def _facts(
        self,
        rows: Sequence[ClaimedRecipient],
        rooms: Mapping[int, Room],
        pace: Paces,
        *,
        owner: uuid.UUID,
        now: datetime,
    ) -> BatchFacts:
        suppressed = suppression.queries.suppressed_among(
            [row.email_key for row in rows if row.email_key],
            organization_id=self.campaign.organization_id,
            stream=self.campaign.stream,
            now=now,
            list_ids={
                row.email_key: [row.list_id] for row in rows if row.email_key and row.list_id
            },
        )
        return BatchFacts(
            now=now,
            stream=self.campaign.stream,
            recipients=[_recipient_facts(row, suppressed) for row in rows],
            candidates=[
                replace(
                    one,
                    throttled_until=pace.throttled_until(one.ip_id),
                    fallback=one.ip_id in self.fallback_ids,
                )
                for one in self.candidates.among(
                    {row.provider for row in rows}, rooms=rooms, now=now
                )
            ],
            retry_at=now + NOTHING_ELIGIBLE_DELAY,
            deadline_at=self.campaign.deadline_at,
            engaged_waiting=any(row.engagement_days > ENGAGED_DAYS for row in rows)
            and self._engaged_wait(rooms),
            incumbents=self.candidates.best(),
            seed=owner.int % SEEDS / SEEDS,
        )

    def _engaged_wait(self, rooms: Mapping[int, Room]) -> bool:
        """Say whether engaged people wait for the room that is left today."""
        until = room_ends(rooms)
        return until is not None and campaigns.queries.ledger.engaged_waiting(
            self.campaign.organization_id,
            stream=self.campaign.stream,
            within_days=ENGAGED_DAYS,
            before=until,
            without_providers=closed_providers(rooms, self.candidates.ips),
        )


def _recipient_facts(row: ClaimedRecipient, suppressed: Mapping[str, str]) -> RecipientFacts:
    return RecipientFacts(
        row.id,
        row.provider,
        row.engagement_days,
        row.variant,
        row.email_key is None,
        suppressed.get(row.email_key, "") if row.email_key else "",
    )


def _settled_by_plan(decisions: Sequence[Decision], *, now: datetime) -> list[Outcome]:
    """Return what becomes of those who are not mailed now; the attempt is taken back."""
    outcomes = []
    for decision in decisions:
        match decision:
            case Skip(recipient_id, reason):
                outcomes.append(
                    Outcome(recipient_id, RecipientState.SKIPPED, now, reason, uncount=True)
                )
            case Defer(recipient_id, until, reason) if reason != PROVIDER_CAP:
                outcomes.append(
                    Outcome(
                        recipient_id,
                        RecipientState.PLANNED,
                        now,
                        reason,
                        until,
                        uncount=True,
                    )
                )
            case _:
                continue
    return outcomes


def _by_ip(
    rows: Sequence[ClaimedRecipient], decisions: Sequence[Decision]
) -> dict[int, list[ClaimedRecipient]]:
    grouped: dict[int, list[ClaimedRecipient]] = {}
    for row, decision in zip(rows, decisions, strict=True):
        if isinstance(decision, Deliver):
            grouped.setdefault(decision.ip_id, []).append(row)
    return grouped
