"""The limits on connections that one worker's turn keeps to, as lanes of its transports.

A lane belongs to an IP address and a provider. Its slots are leased in Valkey, so that all workers
together keep to the limit; see `iprouting/slots.py`. Where no limit is set nothing here costs
anything.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

import iprouting.conf
from iprouting.models import SendingIP
from iprouting.slots import LEASE_SECONDS, Slots, SlotWish, shared_slots
from sending.transports.lanes import Lane

FRESH_SECONDS: Final = 1.0  # how long a lease is relied on without asking for more
RENEW_SECONDS: Final = 3.0
LONGEST_WAIT: Final = timedelta(seconds=15)  # for a slot; then others may have the message
LOOK_SECONDS: Final = 0.25  # until a lane that was full is looked at again
AHEAD_SECONDS: Final = 1.0  # of a lane's work that is fed to it at once
START_RATE: Final = 100.0  # messages a second of one connection, until it is known
SLOWEST_RATE: Final = 0.01
MOST_AHEAD: Final = 1000
LONGEST_SPREAD: Final = timedelta(hours=1)  # of those who wait for a full lane
Route = tuple[str, str]  # an IP address and a provider


class HasLanes(Protocol):
    """A batch, some of whose messages may wait for a slot."""

    def release_lanes(self, *, now: datetime | None = None) -> None:
        """Give back what has waited too long by now."""


class ConnectionLimit(NamedTuple):
    """How many connections, and how many messages of each; None is any number."""

    connections: int | None
    messages_per_connection: int | None = None


@dataclass(slots=True)
class Flow:
    """How fast a lane goes, in messages a second, by what it did between two looks."""

    rate: float
    done: int = 0
    looked_at: float = float("-inf")

    def look(self, *, done: int, waiting: int, now: float) -> None:
        """Learn from what was done; one that ran dry could have done more."""
        seconds, count = now - self.looked_at, done - self.done
        if seconds < LOOK_SECONDS / 2:
            return
        self.done, self.looked_at = done, now
        measured = count / seconds
        if waiting:
            self.rate = max(SLOWEST_RATE, (self.rate + measured) / 2)
        elif count:
            self.rate = max(self.rate, 2 * measured)

    def room(self, *, waiting: int, slots: int) -> int:
        """Return how many more messages may be fed."""
        if not slots:
            return 0
        ahead = max(2 * slots, round(self.rate * AHEAD_SECONDS))
        return max(0, min(MOST_AHEAD, ahead) - waiting)


@dataclass(slots=True)
class _Leased:
    """A lane, its limit, and how it goes."""

    lane: Lane
    limit: int
    flow: Flow
    asked_at: float = float("-inf")
    asked_for: bool = True  # whether the last batch had mail for it


@dataclass(slots=True)
class Lanes:
    """The lanes of one worker's turn."""

    organization_id: int
    ips: Mapping[int, SendingIP]
    monotonic: Callable[[], float] = time.monotonic
    slots: Slots | None = None
    _leased: dict[Route, _Leased] = field(default_factory=dict)
    _unleased: dict[Route, Lane] = field(default_factory=dict)
    _turns: dict[str, datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def waiting(self) -> int:
        """How many messages wait for a slot."""
        return sum(one.lane.waiting for one in list(self._leased.values()))

    def ask(self, limits: Mapping[Route, ConnectionLimit]) -> dict[Route, tuple[Lane, int | None]]:
        """Return a lane for each limit, and how many more messages it may be fed now.

        Learns of changed limits, and asks for slots where that was not done a moment ago.
        """
        with self._lock:
            for route in self._leased.keys() - limits.keys():
                self._leased[route].asked_for = False
            leased = [route for route, limit in limits.items() if limit.connections is not None]
            for route in leased:
                self._learn(route, limits[route])
            self._lease(leased, fresh=FRESH_SECONDS)
            return {route: self._room(route, limit) for route, limit in limits.items()}

    def turn(self, provider: str, *, now: datetime, until: datetime) -> datetime:
        """Return when the next one who waits for a full lane is looked at: one after the other."""
        rates = [one.flow.rate for (_, name), one in self._leased.items() if name == provider]
        at = max(until, self._turns.get(provider, until))
        self._turns[provider] = at + timedelta(seconds=1 / sum(rates))
        return min(at, now + LONGEST_SPREAD)

    def renew(self) -> None:
        """Hold what is in use, give back what is not, and take more where mail waits."""
        with self._lock:
            self._lease(list(self._leased), fresh=RENEW_SECONDS)

    def give_back(self) -> None:
        """Leave all slots to others; no connection may be open any more."""
        if self.slots is not None:
            self.slots.give_back()

    async def keep(
        self, batches: Mapping[uuid.UUID, HasLanes], *, clock: Callable[[], datetime]
    ) -> None:
        """Renew while the turn lasts, wake what waits for slots, release what waited too long."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._leased:
                continue
            await asyncio.to_thread(self.renew)
            for one in list(self._leased.values()):
                one.lane.wake()
            for batch in batches.values():
                batch.release_lanes(now=clock())

    def _learn(self, route: Route, limit: ConnectionLimit) -> None:
        """Make a lane, or change its limit; slots that were given up have to be asked for anew."""
        connections = limit.connections or 1
        one = self._leased.get(route)
        if one is None:
            most = min(connections, self._own_connections(route[0]))
            flow = Flow(START_RATE * most)
            one = self._leased[route] = _Leased(Lane(slots=0), connections, flow)
        if one.limit != connections or not one.asked_for:
            one.limit, one.asked_at = connections, float("-inf")
        one.lane.messages_per_connection = limit.messages_per_connection or 0
        one.asked_for = True

    def _own_connections(self, address: str) -> int:
        """Return how many connections this worker has from an address."""
        return sum(ip.transport.connections for ip in self.ips.values() if ip.address == address)

    def _lease(self, routes: list[Route], *, fresh: float) -> None:
        """Ask for the slots of those lanes that were not asked for lately."""
        now = self.monotonic()
        due = [route for route in routes if now - self._leased[route].asked_at >= fresh]
        if not due:
            return
        if self.slots is None:
            self.slots = shared_slots(iprouting.conf.valkey_url(), holder=uuid.uuid4().hex)
        wishes = {self._key(route): self._wish(route) for route in due}
        granted = self.slots.lease(wishes)
        for route in due:
            one = self._leased[route]
            one.asked_at, one.lane.good_until = now, now + LEASE_SECONDS
            one.lane.slots = granted[self._key(route)]

    def _key(self, route: Route) -> str:
        return f"{self.organization_id}:{route[0]}:{route[1]}"

    def _wish(self, route: Route) -> SlotWish:
        """Return what is wanted of a lane, and what may be in use until the answer is here."""
        one = self._leased[route]
        needed = one.asked_for or one.lane.load
        wanted = min(one.limit, self._own_connections(route[0])) if needed else 0
        return SlotWish(one.limit, wanted, max(one.lane.slots or 0, one.lane.in_use))

    def _room(self, route: Route, limit: ConnectionLimit) -> tuple[Lane, int | None]:
        if limit.connections is None:
            lane = self._unleased.setdefault(route, Lane())
            lane.messages_per_connection = limit.messages_per_connection or 0
            return lane, None
        one = self._leased[route]
        waiting = one.lane.waiting
        if not waiting:
            self._turns.pop(route[1], None)
        one.flow.look(done=one.lane.done, waiting=waiting, now=self.monotonic())
        return one.lane, one.flow.room(waiting=waiting, slots=one.lane.slots or 0)
