"""One worker's turn at one campaign.

Three things happen at once: the event loop writes and hands over one batch, one thread records the
batch before it, another claims the one after it, each on a connection of its own. Python computes
in one of them at a time; what is won is that none waits for the database or the network.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import campaigns.operations.campaigns
import campaigns.operations.ledger
import iprouting.operations
import iprouting.queries
import warmup.operations.reservations
from campaigns.models import Campaign
from iprouting.models import SendingIP
from sending import conf, feedback
from sending.journal import Journals
from sending.mailing import CampaignMail
from sending.opening import open_transport
from sending.outcomes import RetryRules
from sending.pipeline.batch import Batch, Noting, Part
from sending.pipeline.candidates import Candidates
from sending.pipeline.claim import Claimer
from sending.pipeline.database import DatabaseThread
from sending.pipeline.lanes import LOOK_SECONDS, Lanes
from sending.transports.base import Receipt, Transport

FIRST_BATCH = 100  # until the pace is known
BATCH_SECONDS = 0.25  # a batch is what goes out in this time, so that what was checked is fresh
SMALLEST_BATCH = 16
YOUNG_OBJECTS = 10_000  # made before the garbage collector looks; 700 is meant for small programs
UNREACHABLE_DELAY = timedelta(seconds=30)
RENEW_SHARE = 0.2  # of the lease: how often the leases of open batches are renewed


@dataclass(slots=True)
class RunReport:
    """What one turn did."""

    handed_over: int = 0
    batches: int = 0
    problem: str = ""


def run_campaign(
    campaign_id: int, *, clock: Callable[[], datetime], seconds: float | None = None
) -> RunReport:
    """Send what is due of a running campaign, for `seconds` at the most, and report it.

    Safe to run in any number of processes at once. A campaign that does not run, or has nothing
    due, is left alone.
    """
    _relieve_garbage_collector()
    campaign = Campaign.objects.select_related("organization", "identity__domain", "template").get(
        pk=campaign_id
    )
    ips = {
        ip.pk: ip
        for ip in iprouting.queries.usable_ips(
            campaign.organization_id, stream=campaign.stream, now=clock()
        )
    }
    if not ips:
        problem = _why_no_ip(campaign)
        campaigns.operations.campaigns.note_problem(campaign_id, problem=problem, now=clock())
        return RunReport(problem=problem)
    until = clock() + (conf.task_time() if seconds is None else timedelta(seconds=seconds))
    with asyncio.Runner() as runner:
        return runner.run(_Run(campaign, ips, clock=clock, until=until).work())


@functools.cache
def _relieve_garbage_collector() -> None:
    """Once a process, take what is loaded for good out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


def _why_no_ip(campaign: Campaign) -> str:
    configured = iprouting.queries.configured_ips(campaign.organization_id, stream=campaign.stream)
    unreachable = configured.first()
    if unreachable is None:
        return (
            f"There is no active sending IP for {campaign.stream} mail. "
            "Add one, or switch one on, under Deliverability."
        )
    return f"{unreachable.transport.name} cannot be reached: {unreachable.unreachable_reason}"


@dataclass(slots=True)
class _Pace:
    """How large the next batch should be, from how fast the last one went."""

    maximum: int
    size: int = FIRST_BATCH

    def measured(self, count: int, *, seconds: float) -> None:
        wanted = int(count / max(seconds, 0.001) * BATCH_SECONDS)
        self.size = max(SMALLEST_BATCH, min(wanted, self.size * 2, self.maximum))


class _Run:
    def __init__(
        self,
        campaign: Campaign,
        ips: Mapping[int, SendingIP],
        *,
        clock: Callable[[], datetime],
        until: datetime,
    ) -> None:
        self._campaign, self._ips, self._clock, self._until = campaign, ips, clock, until
        self._mail = CampaignMail(campaign, ips=ips)
        self._lanes = Lanes(campaign.organization_id, ips)
        self._journals = Journals(conf.journal_directory())
        self._claimer = Claimer(
            campaign,
            self._mail,
            self._journals,
            conf.lease(),
            Candidates(campaign, ips),
            self._lanes,
            fallback_ids=iprouting.queries.fallback_ips(ips.values()),
        )
        self._claims, self._records = DatabaseThread(), DatabaseThread()
        self._noting = Noting()
        self._transports: dict[int, Transport] = {}
        self._open: dict[uuid.UUID, Batch] = {}
        self._recording: set[asyncio.Task[None]] = set()
        self._pace = _Pace(conf.batch_size())
        self._report = RunReport(problem=campaign.problem)
        self._blocked = False

    async def work(self) -> RunReport:
        """Send until nothing is due, time is up or no server can be reached."""
        renewing = asyncio.create_task(self._renew_leases())
        keeping = asyncio.create_task(self._lanes.keep(self._open, clock=self._clock))
        try:
            await self._send()
        finally:
            renewing.cancel()
            await self._close()
            keeping.cancel()
        return self._report

    async def _close(self) -> None:
        """Wait for what is on the way. What could not be recorded is left to recovery."""
        for batch in self._open.values():
            batch.release_lanes()
        try:
            for transport in self._transports.values():
                await transport.aclose()
            self._lanes.give_back()
            await asyncio.gather(*self._recording)
        finally:
            await self._claims.close()
            await self._records.close()
            for batch in self._open.values():
                batch.journal.close()
            self._journals.discard()

    async def _send(self) -> None:
        batch = await self._claim()
        while batch is not None:
            following = asyncio.create_task(self._claim())
            await self._hand_over(batch)
            batch = await following

    async def _claim(self) -> Batch | None:
        while not self._blocked and self._clock() < self._until:
            await self._records.caught_up()
            batch = await self._claims.call(
                self._claimer.claim, limit=self._pace.size, now=self._clock()
            )
            if batch is not None:
                self._open[batch.owner] = batch
            if self._lanes.waiting and (batch is None or not batch.size):
                await asyncio.sleep(LOOK_SECONDS)  # full lanes put people off, but not for long
            elif batch is None:
                break
            if batch is not None:
                return batch
        return None

    async def _hand_over(self, batch: Batch) -> None:
        """Feed a batch to its transports; return when the last message was pulled.

        Its answers are awaited and recorded on the side, so that no connection stands idle.
        """
        self._noting.add(batch)
        recording = asyncio.create_task(self._record(batch, asyncio.get_running_loop().time()))
        self._recording.add(recording)
        recording.add_done_callback(self._recording.discard)
        for part in batch.begin(self._clock()):
            self._feed(batch, part)
        await batch.pulled.wait()
        if recording.done():
            recording.result()

    def _feed(self, batch: Batch, part: Part) -> None:
        ip_id, ip = part.ip_id, self._ips[part.ip_id]
        rules = RetryRules(
            self._campaign.maximum_attempts,
            self._campaign.deadline_at,
            self._campaign.prepared_at or self._campaign.created_at,
            final_hop=ip.transport.final_hop,
        )

        def take(receipt: Receipt) -> None:
            batch.take(receipt, rules=rules, ip=ip.address)

        if ip_id not in self._transports:
            self._transports[ip_id] = open_transport(ip, journal=self._noting, clock=self._clock)
        envelopes = batch.envelopes(part, mail=self._mail, clock=self._clock)
        self._transports[ip_id].feed(envelopes, on_receipt=take, lane=part.lane)

    async def _record(self, batch: Batch, began: float) -> None:
        await batch.paced.wait()
        if batch.size:
            seconds = asyncio.get_running_loop().time() - began
            self._pace.measured(batch.paced_size, seconds=seconds)
        await batch.answered.wait()
        settled = batch.settled
        await self._records.call(self._write, batch)
        self._noting.remove([one.row.id for one in settled] + batch.released)
        del self._open[batch.owner]
        self._report.handed_over += len(settled)
        self._report.batches += 1

    def _write(self, batch: Batch) -> None:
        """Record a batch; only then is its journal no longer needed."""
        feedback.record(
            batch.settled,
            organization_id=self._campaign.organization_id,
            owner=batch.owner,
            probing=batch.probing,
        )
        if batch.released:
            campaigns.operations.ledger.release(owner=batch.owner)
        if batch.reserved:
            warmup.operations.reservations.settle(batch.handed_over(), owner=batch.owner)
        self._journals.give_back(batch.journal)
        for ip_id, reason in batch.unreached.items():
            if ip_id not in batch.reached:
                self._leave_alone(ip_id, reason)
        if batch.reached:
            self._note_problem("")

    def _leave_alone(self, ip_id: int, reason: str) -> None:
        """Stop using an IP whose server cannot be reached; others take over on the next turn."""
        self._blocked = True
        until = self._clock() + UNREACHABLE_DELAY
        iprouting.operations.mark_unreachable(ip_id, until=until, reason=reason)
        self._note_problem(f"{self._ips[ip_id].transport.name} cannot be reached: {reason}")

    def _note_problem(self, problem: str) -> None:
        if problem != self._report.problem:
            self._report.problem = problem
            campaigns.operations.campaigns.note_problem(
                self._campaign.pk, problem=problem, now=self._clock()
            )

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(conf.lease().total_seconds() * RENEW_SHARE)
            await self._records.call(
                campaigns.operations.ledger.renew_leases,
                list(self._open),
                lease_until=self._clock() + conf.lease(),
            )
