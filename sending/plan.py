"""What happens to each recipient of a batch. All policy meets here, in one pure function."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from iprouting.routing import Contender, Obstacle, Share, best_of, obstacle, shares
from iprouting.turns import turns

DEADLINE_PASSED = "deadline_passed"
CONTACT_DELETED = "contact_deleted"
NO_ROOM = "no_room"
PROVIDER_CAP = "provider_cap"
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

    `room` is how many messages it may still take today, None is any number; `capped` is how many
    of them for the providers that have a cap of their own. `scores` are by provider, higher is
    better; a provider without a score counts 0. `throttled_until` says per provider how long this
    IP has to leave it alone. A `warming` IP takes the engaged first, and before warm ones unless
    its score is far worse. A `fallback` one takes what no other can.
    """

    ip_id: int
    address: str
    stream: str
    room: int | None = None
    room_returns_at: datetime | None = None
    capped: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    throttled_until: Mapping[str, datetime] = field(default_factory=dict)
    warming: bool = False
    fallback: bool = False


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
    incumbents: Mapping[str, int] = field(default_factory=dict)  # provider -> best IP until now
    seed: float = 0.0  # in [0, 1): at whose turn the batch begins; differs between batches


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


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate with what keeps it from a provider's mail, or its share of it."""

    candidate: CandidateIP
    obstacle: Obstacle | None
    share: Share | None


def plan_batch(facts: BatchFacts) -> list[Decision]:
    """Return one decision for each recipient, in the order given.

    No IP is given more messages than it has room for, in all or for a provider, and none of another
    stream is ever used.
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


class Room:
    """What is left on each IP, in all and for the providers that have a cap of their own."""

    def __init__(self, candidates: Collection[CandidateIP]) -> None:
        self._whole = {one.ip_id: one.room for one in candidates}
        self._capped = {
            (one.ip_id, provider): left
            for one in candidates
            for provider, left in one.capped.items()
        }

    def whole(self, ip_id: int) -> int | None:
        """Return how much an IP still takes; None is any number."""
        return self._whole[ip_id]

    def at(self, ip_id: int, provider: str) -> int | None:
        """Return how much an IP still takes for a provider; None is any number."""
        whole, capped = self._whole[ip_id], self._capped.get((ip_id, provider))
        return whole if capped is None else capped if whole is None else min(whole, capped)

    def take(self, ip_id: int, provider: str) -> bool:
        """Take room for one message; say whether there was any."""
        whole, capped = self._whole[ip_id], self._capped.get((ip_id, provider))
        if whole == 0 or capped == 0:
            return False
        if whole is not None:
            self._whole[ip_id] = whole - 1
        if capped is not None:
            self._capped[ip_id, provider] = capped - 1
        return True


def weigh(
    facts: BatchFacts,
    provider: str,
    *,
    engaged: bool,
    room: Room | None = None,
) -> list[Weighed]:
    """Return what each IP gets of a provider's mail, and why.

    `room` is what is left on the IPs by now, if that is less than at the beginning.
    """
    left = room or Room(facts.candidates)
    obstacles = _obstacles(facts, provider, engaged=engaged, room=left)
    contenders = _contenders(facts, provider, obstacles=obstacles, room=left)
    given = shares(contenders, incumbent=facts.incumbents.get(provider))
    by_ip = {share.ip_id: share for share in given}
    return [Weighed(one, obstacles[one.ip_id], by_ip.get(one.ip_id)) for one in facts.candidates]


def best_at(facts: BatchFacts, provider: str) -> int | None:
    """Return which IP counts as the best at a provider, None if none may carry its mail."""
    room = Room(facts.candidates)
    obstacles = _obstacles(facts, provider, engaged=True, room=room)
    contenders = _contenders(facts, provider, obstacles=obstacles, room=room)
    return best_of(contenders, incumbent=facts.incumbents.get(provider))


def _obstacles(
    facts: BatchFacts, provider: str, *, engaged: bool, room: Room
) -> dict[int, Obstacle | None]:
    found = {
        one.ip_id: obstacle(
            other_stream=one.stream != facts.stream,
            room=room.whole(one.ip_id),
            room_at_provider=room.at(one.ip_id, provider),
            throttled_until=one.throttled_until.get(provider),
            now=facts.now,
            kept_for_engaged=one.warming and facts.engaged_waiting and not engaged,
        )
        for one in facts.candidates
    }
    standing_in = [one.ip_id for one in facts.candidates if one.fallback]
    if any(found[ip_id] is None for ip_id in found.keys() - standing_in):
        found |= {ip_id: found[ip_id] or Obstacle.FALLBACK for ip_id in standing_in}
    return found


def _contenders(
    facts: BatchFacts,
    provider: str,
    *,
    obstacles: Mapping[int, Obstacle | None],
    room: Room,
) -> list[Contender]:
    return [
        Contender(
            one.ip_id, one.scores.get(provider, 0.0), room.at(one.ip_id, provider), one.warming
        )
        for one in facts.candidates
        if obstacles[one.ip_id] is None
    ]


class _Choice:
    """Which IP takes the next message for a provider, and how much room is left on each."""

    def __init__(self, facts: BatchFacts, eligible: Sequence[CandidateIP]) -> None:
        self.eligible = eligible
        self._facts = facts
        self.room = Room(facts.candidates)
        self._all_alike = not (facts.engaged_waiting and any(c.warming for c in eligible))
        self._turns: dict[tuple[str, bool], Iterator[int]] = {}

    def taken(self, provider: str, *, engaged: bool) -> int | None:
        """Return the IP whose turn it is, its room taken; None if none may take the message."""
        engaged = engaged or self._all_alike
        dealt = self._turns.get((provider, engaged)) or self._dealt(provider, engaged=engaged)
        for ip_id in dealt:
            if self.room.take(ip_id, provider):
                return ip_id
            break
        else:
            return None
        self._dealt(provider, engaged=engaged)  # one has no room any more: the others share anew
        return self.taken(provider, engaged=engaged)

    def _dealt(self, provider: str, *, engaged: bool) -> Iterator[int]:
        """Share a provider's mail out among the IPs that may take it."""
        weighed = weigh(self._facts, provider, engaged=engaged, room=self.room)
        given = [one.share for one in weighed if one.share is not None]
        dealt = self._turns[provider, engaged] = turns(given, seed=self._facts.seed)
        return dealt


def _wait(recipient: RecipientFacts, facts: BatchFacts, choice: _Choice) -> Defer:
    room, provider = choice.room, recipient.provider
    until = {one.ip_id: one.throttled_until.get(provider) for one in choice.eligible}
    throttled = {ip_id: at for ip_id, at in until.items() if at is not None and at > facts.now}
    full = [
        one
        for one in choice.eligible
        if one.ip_id not in throttled and room.at(one.ip_id, provider) == 0
    ]
    returns = [one.room_returns_at for one in full if one.room_returns_at is not None]
    first = min(throttled.values(), default=None)
    if first is not None and first <= min(returns, default=first):
        return Defer(recipient.recipient_id, first, THROTTLED)
    if first is None and len(full) < len(choice.eligible):
        return Defer(recipient.recipient_id, facts.retry_at, ENGAGED_FIRST)
    # Who is capped keeps their turn, which is for when no IP may take any more of the provider's.
    capped = first is None and any(room.whole(one.ip_id) != 0 for one in full)
    reason = PROVIDER_CAP if capped else NO_ROOM
    return Defer(recipient.recipient_id, min(returns, default=facts.retry_at), reason)
