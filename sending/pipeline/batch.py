"""The recipients that one claim took, from their plan to their answers."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.ledger import ClaimedRecipient
from campaigns.rendering import TemplateError
from campaigns.states import RecipientState
from sending.feedback import Settled
from sending.journal import FileJournal
from sending.mailing import CampaignMail, date_header
from sending.outcomes import RetryRules, Verdict, judge
from sending.transports.base import Answer, Envelope, Receipt


@dataclass(slots=True)
class Batch:
    """Leased recipients that are to be delivered, grouped by the IP they leave through.

    `owner` names the lease and the journal. `stop_at` is when handing over must end, so that no
    message is on the wire when the lease runs out.
    """

    owner: uuid.UUID
    journal: FileJournal
    by_ip: dict[int, list[ClaimedRecipient]]
    stop_at: datetime
    reserved: bool = False  # whether room of warming IPs was taken for it
    probing: frozenset[tuple[str, str]] = frozenset()  # (IP, provider) that it tries again
    settled: list[Settled] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    unreached: dict[int, str] = field(default_factory=dict)  # IP -> what was in the way
    reached: set[int] = field(default_factory=set)  # IPs whose server answered
    rows: dict[int, tuple[ClaimedRecipient, int]] = field(default_factory=dict)
    pulled: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    _pulling: int = 0
    _open: int = 0

    @property
    def size(self) -> int:
        """How many messages the batch set out to deliver."""
        return sum(len(rows) for rows in self.by_ip.values())

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

    def begin(self) -> None:
        """Note that as many iterators as there are IPs are going to be pulled."""
        self._pulling = len(self.by_ip)
        self._check()

    def envelopes(
        self, ip_id: int, *, mail: CampaignMail, clock: Callable[[], datetime]
    ) -> Iterator[Envelope]:
        """Yield the finished messages that leave through one IP, written one by one when pulled."""
        waiting = iter(self.by_ip[ip_id])
        date, second = "", -1
        for row in waiting:
            now = clock()
            if now >= self.stop_at:
                self.released.append(row.id)
                self.released.extend(left.id for left in waiting)
                break
            if now.second != second:
                date, second = date_header(now), now.second
            envelope = self._written(row, ip_id, mail=mail, date=date, now=now)
            if envelope is not None:
                yield envelope
        self._pulling -= 1
        self._check()

    def _written(
        self, row: ClaimedRecipient, ip_id: int, *, mail: CampaignMail, date: str, now: datetime
    ) -> Envelope | None:
        try:
            envelope = mail.envelope(row, ip_id=ip_id, date=date)
        except TemplateError as error:
            verdict = Verdict(RecipientState.FAILED, reason=f"content: {error}"[:200])
            self.settled.append(Settled(row, verdict, None, "", now))
            return None
        self.rows[row.id] = (row, ip_id)
        self._open += 1
        return envelope

    def take(self, receipt: Receipt, *, rules: RetryRules, ip: str) -> None:
        """Keep the answer to one message."""
        row, ip_id = self.rows.pop(receipt.recipient_id)
        if receipt.answer is Answer.UNREACHED:
            self.unreached[ip_id] = receipt.response
        else:
            self.reached.add(ip_id)
        verdict = judge(receipt, attempts=row.attempts, rules=rules)
        self.settled.append(Settled(row, verdict, receipt, ip, receipt.answered_at))
        self._open -= 1
        if not self._open:
            self._check()

    def _check(self) -> None:
        if self._pulling:
            return
        self.pulled.set()
        if not self._open:
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
