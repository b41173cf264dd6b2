"""The recipients that one claim took, from their plan to their answers."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.ledger import ClaimedRecipient
from campaigns.rendering import TemplateError
from campaigns.states import RecipientState
from sending.feedback import Settled
from sending.journal import FileJournal
from sending.mailing import CampaignMail, date_header
from sending.outcomes import RetryRules, Verdict, judge
from sending.pipeline.lanes import LONGEST_WAIT
from sending.transports.base import Answer, Envelope, Receipt
from sending.transports.lanes import Lane


@dataclass(slots=True, eq=False)
class Part:
    """What of a batch leaves through one IP, in a lane or without any.

    `waiting` are the rows that were not pulled yet; whoever takes one takes it away.
    """

    ip_id: int
    lane: Lane | None
    waiting: Iterator[ClaimedRecipient]
    size: int
    open: int = 0  # messages that were pulled and have no answer
    pulled: bool = False

    @property
    def answered(self) -> bool:
        """Whether nothing of it is on the way any more."""
        return self.pulled and not self.open


@dataclass(slots=True)
class Batch:
    """Leased recipients that are to be delivered, grouped by the IP they leave through.

    `owner` names the lease and the journal. `stop_at` is when handing over must end, so that no
    message is on the wire when the lease runs out. `lanes` has those IPs and providers whose mail
    only so many connections may carry.

    `pulled` is set when nothing is left to be pulled, `paced` when all is answered; neither waits
    for mail of lanes where there is any other. `answered` is set when everything is.
    """

    owner: uuid.UUID
    journal: FileJournal
    by_ip: dict[int, list[ClaimedRecipient]]
    stop_at: datetime
    reserved: bool = False  # whether room of warming IPs was taken for it
    probing: frozenset[tuple[str, str]] = frozenset()  # (IP, provider) that it tries again
    lanes: Mapping[tuple[int, str], Lane] = field(default_factory=dict)
    settled: list[Settled] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    unreached: dict[int, str] = field(default_factory=dict)  # IP -> what was in the way
    reached: set[int] = field(default_factory=set)  # IPs whose server answered
    rows: dict[int, tuple[ClaimedRecipient, Part]] = field(default_factory=dict)
    pulled: asyncio.Event = field(default_factory=asyncio.Event)
    paced: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    lanes_until: datetime | None = None
    _parts: list[Part] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many messages the batch set out to deliver."""
        return sum(len(rows) for rows in self.by_ip.values())

    @property
    def paced_size(self) -> int:
        """How many messages `paced` tells of."""
        return sum(part.size for part in self._leading())

    def handed_over(self) -> Counter[tuple[int, str]]:
        """Return how many messages a server answered to, or may have taken, by IP and provider."""
        never = set(self.released)
        never |= {
            one.row.id
            for one in self.settled
            if one.receipt is None or one.receipt.answer is Answer.UNREACHED
        }
        return Counter(
            (ip_id, row.provider)
            for ip_id, rows in self.by_ip.items()
            for row in rows
            if row.id not in never
        )

    def begin(self, now: datetime) -> list[Part]:
        """Return the parts whose envelopes are going to be pulled."""
        for ip_id, rows in self.by_ip.items():
            self._parts += self._parts_of(ip_id, rows)
        self.lanes_until = min(self.stop_at, now + LONGEST_WAIT)
        self._check()
        return self._parts

    def _parts_of(self, ip_id: int, rows: list[ClaimedRecipient]) -> Iterator[Part]:
        """Yield the rows of one IP: those without a lane first, then lane by lane."""
        if not self.lanes:
            yield Part(ip_id, None, iter(rows), len(rows))
            return
        by_lane: dict[Lane | None, list[ClaimedRecipient]] = {}
        for row in rows:
            by_lane.setdefault(self.lanes.get((ip_id, row.provider)), []).append(row)
        for lane, own in by_lane.items():
            if lane is not None:
                lane.load += len(own)
            yield Part(ip_id, lane, iter(own), len(own))

    def envelopes(
        self, part: Part, *, mail: CampaignMail, clock: Callable[[], datetime]
    ) -> Iterator[Envelope]:
        """Yield the finished messages of a part, written one by one when pulled."""
        date, second = "", -1
        for row in part.waiting:
            now = clock()
            if now >= self.stop_at:
                self._release(part, row)
                break
            if now.second != second:
                date, second = date_header(now), now.second
            envelope = self._written(row, part, mail=mail, date=date, now=now)
            if envelope is not None:
                yield envelope
        self._end(part)

    def release_lanes(self, *, now: datetime | None = None) -> None:
        """Give back what waits for a slot: all of it, or what has waited for too long by now."""
        if now is not None and (self.lanes_until is None or now < self.lanes_until):
            return
        for part in self._parts:
            if part.lane is not None and not part.pulled:
                self._release(part)
                self._end(part)

    def _release(self, part: Part, *first: ClaimedRecipient) -> None:
        """Give back rows of a part that were not pulled."""
        rows = [*first, *part.waiting]
        self.released.extend(row.id for row in rows)
        if part.lane is not None:
            part.lane.load -= len(rows)

    def _end(self, part: Part) -> None:
        part.pulled = True
        self._check()

    def _written(
        self, row: ClaimedRecipient, part: Part, *, mail: CampaignMail, date: str, now: datetime
    ) -> Envelope | None:
        try:
            envelope = mail.envelope(row, ip_id=part.ip_id, date=date)
        except TemplateError as error:
            verdict = Verdict(RecipientState.FAILED, reason=f"content: {error}"[:200])
            self.settled.append(Settled(row, verdict, None, "", now))
            if part.lane is not None:
                part.lane.load -= 1
            return None
        self.rows[row.id] = (row, part)
        part.open += 1
        return envelope

    def take(self, receipt: Receipt, *, rules: RetryRules, ip: str) -> None:
        """Keep the answer to one message."""
        row, part = self.rows.pop(receipt.recipient_id)
        if receipt.answer is Answer.UNREACHED:
            self.unreached[part.ip_id] = receipt.response
        else:
            self.reached.add(part.ip_id)
        verdict = judge(receipt, attempts=row.attempts, rules=rules)
        self.settled.append(Settled(row, verdict, receipt, ip, receipt.answered_at))
        if part.lane is not None:
            part.lane.load -= 1
            part.lane.done += 1
        part.open -= 1
        if not part.open:
            self._check()

    def _leading(self) -> list[Part]:
        """Return the parts that the pace is measured by: those without a lane, if there are any."""
        return [part for part in self._parts if part.lane is None] or self._parts

    def _check(self) -> None:
        leading = self._leading()
        if all(part.pulled for part in leading):
            self.pulled.set()
        if all(part.answered for part in leading):
            self.paced.set()
        if all(part.answered for part in self._parts):
            self.answered.set()


class Noting:
    """Writes to the journal of the batch that a message belongs to."""

    def __init__(self) -> None:
        self._by_recipient: dict[int, FileJournal] = {}

    def add(self, batch: Batch) -> None:
        """Take up the messages of a batch."""
        for rows in batch.by_ip.values():
            self._by_recipient.update(dict.fromkeys((row.id for row in rows), batch.journal))

    def remove(self, recipient_ids: Sequence[int]) -> None:
        """Forget messages whose answers are in the database."""
        for recipient_id in recipient_ids:
            self._by_recipient.pop(recipient_id, None)

    def handing_over(self, recipient_id: int) -> None:
        """Note that the body of this message is about to be written to a connection."""
        self._by_recipient[recipient_id].handing_over(recipient_id)

    def answered(self, receipt: Receipt) -> None:
        """Note the answer to a message."""
        self._by_recipient[receipt.recipient_id].answered(receipt)
