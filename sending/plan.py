"""What happens to each recipient of a batch. All policy meets here, in one pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

DEADLINE_PASSED = "deadline_passed"
CONTACT_DELETED = "contact_deleted"
NO_ROOM = "no_room"
THROTTLED = "throttled"
SEND_TIME = "send_time"
ENGAGED_FIRST = "engaged_first"
ENGAGED_DAYS = 90  # a human open or click within so many days makes a contact engaged


class RecipientFacts(NamedTuple):
    """What is known of one claimed recipient."""

    recipient_id: int
    provider: str
    engagement_days: int
    variant: str
    deleted: bool = False
    suppressed_reason: str = ""
    best_time: datetime | None = None  # when this person should be mailed; None is any time


@dataclass(frozen=True, slots=True)
class CandidateIP:
    """A sending IP that may carry the batch.

    `room` is how many messages it may still take today, None is any number. `scores` are by
    provider, higher is better; a provider without a score counts 0. `throttled_until` says per
    provider how long this IP has to leave it alone. A `warming` IP takes the engaged first, and
    before warm ones of the same score.
    """

    ip_id: int
    address: str
    stream: str
    room: int | None = None
    room_returns_at: datetime | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    throttled_until: Mapping[str, datetime] = field(default_factory=dict)
    warming: bool = False


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """Everything a batch is judged by."""

    now: datetime
    stream: str
    recipients: Sequence[RecipientFacts]
    candidates: Sequence[CandidateIP]
    retry_at: datetime  # when to look again if no IP can say it
    deadline_at: datetime | None = None
    engaged_waiting: bool = False  # whether engaged people outside of the batch wait for their turn


class Deliver(NamedTuple):
    """Hand the message over through this IP now."""

    recipient_id: int
    ip_id: int


class Skip(NamedTuple):
    """Never send this message."""

    recipient_id: int
    reason: str


class Defer(NamedTuple):
    """Look at this message again at `until`."""

    recipient_id: int
    until: datetime
    reason: str


Decision = Deliver | Skip | Defer


def plan_batch(facts: BatchFacts) -> list[Decision]:
    """Return one decision for each recipient, in the order given.

    No IP is given more messages than it has room for, and none of another stream is ever used.
    """
    eligible = [candidate for candidate in facts.candidates if candidate.stream == facts.stream]
    choice = _Choice(facts, eligible)
    late = facts.deadline_at is not None and facts.now > facts.deadline_at
    return [_decide(recipient, facts, choice, late=late) for recipient in facts.recipients]


def _decide(
    recipient: RecipientFacts, facts: BatchFacts, choice: _Choice, *, late: bool
) -> Decision:
    if recipient.deleted:
        return Skip(recipient.recipient_id, CONTACT_DELETED)
    if recipient.suppressed_reason:
        return Skip(recipient.recipient_id, recipient.suppressed_reason)
    if late:
        return Skip(recipient.recipient_id, DEADLINE_PASSED)
    if recipient.best_time is not None and recipient.best_time > facts.now:
        until = min(recipient.best_time, facts.deadline_at or recipient.best_time)
        return Defer(recipient.recipient_id, until, SEND_TIME)
    engaged = recipient.engagement_days <= ENGAGED_DAYS
    ip_id = choice.taken(recipient.provider, engaged=engaged)
    if ip_id is None:
        return _wait(recipient, facts, choice)
    return Deliver(recipient.recipient_id, ip_id)


class _Choice:
    """Which IP takes the next message for a provider, and how much room is left on each."""

    def __init__(self, facts: BatchFacts, eligible: Sequence[CandidateIP]) -> None:
        self.eligible = eligible
        self._now = facts.now
        self._engaged_waiting = facts.engaged_waiting
        self._room = {candidate.ip_id: candidate.room for candidate in eligible}
        # A best IP without a limit stays the best for the whole batch: others only drop out.
        self._lasting: dict[tuple[str, bool], int] = {}

    def taken(self, provider: str, *, engaged: bool) -> int | None:
        """Return the best IP for a message, its room taken; None if none has room."""
        lasting = self._lasting.get((provider, engaged))
        if lasting is not None:
            return lasting
        best = max(self._usable(provider, engaged=engaged), key=_rank(provider), default=None)
        if best is None:
            return None
        left = self._room[best.ip_id]
        if left is None:
            self._lasting[provider, engaged] = best.ip_id
        else:
            self._room[best.ip_id] = left - 1
        return best.ip_id

    def has_room(self) -> bool:
        """Say whether any IP takes anybody still."""
        return any(room != 0 for room in self._room.values())

    def _usable(self, provider: str, *, engaged: bool) -> list[CandidateIP]:
        """Return the IPs that have room and need not leave the provider alone."""
        return [
            candidate
            for candidate in self.eligible
            if self._room[candidate.ip_id] != 0
            and candidate.throttled_until.get(provider, self._now) <= self._now
            and (engaged or not (candidate.warming and self._engaged_waiting))
        ]


def _rank(provider: str) -> Callable[[CandidateIP], tuple[float, bool]]:
    return lambda candidate: (candidate.scores.get(provider, 0.0), candidate.warming)


def _wait(recipient: RecipientFacts, facts: BatchFacts, choice: _Choice) -> Defer:
    throttled = [
        candidate.throttled_until[recipient.provider]
        for candidate in choice.eligible
        if candidate.throttled_until.get(recipient.provider, facts.now) > facts.now
    ]
    if throttled:
        return Defer(recipient.recipient_id, min(throttled), THROTTLED)
    if choice.has_room():
        return Defer(recipient.recipient_id, facts.retry_at, ENGAGED_FIRST)
    returns = [c.room_returns_at for c in choice.eligible if c.room_returns_at is not None]
    return Defer(recipient.recipient_id, min(returns, default=facts.retry_at), NO_ROOM)
