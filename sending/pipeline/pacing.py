"""What mailbox providers leave of a batch: breakers, and how much may go to each at a time.

Where no breaker is open and no limit is switched on, this costs two short queries a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeGuard

import iprouting.conf
import iprouting.operations.breakers
import iprouting.queries.breakers
from campaigns.ledger import ClaimedRecipient
from iprouting.breakers import PROBE_WAIT, PROBES, BreakerState
from iprouting.models import Breaker, ProviderLimit, SendingIP
from iprouting.queries.breakers import standing_of
from iprouting.throttles import Grant, Wish, shared_throttle
from sending.pipeline.lanes import ConnectionLimit, Lanes
from sending.plan import THROTTLED, Decision, Defer
from sending.transports.lanes import Lane

LONGEST_SPREAD: Final = timedelta(hours=1)  # of those who wait for a slow provider
FULL_LANE: Final = timedelta(seconds=0.5)  # until it is looked at again
Way = tuple[int, str]  # an IP's id and a provider


@dataclass(slots=True)
class Paces:
    """How each IP of a batch has to treat each provider.

    `until` says how long an IP leaves a provider alone, `rates` how many messages a minute may go,
    `connections` how many connections carry them, `half_open` which breakers want a few messages to
    probe. `lanes` has the ways with a limit of connections, `sizes` how many more messages they are
    to be fed, `full` the providers that have one with enough for now.
    """

    now: datetime
    addresses: Mapping[int, str]
    until: dict[Way, datetime] = field(default_factory=dict)
    rates: dict[Way, float] = field(default_factory=dict)
    connections: dict[Way, ConnectionLimit] = field(default_factory=dict)
    sizes: dict[Way, int] = field(default_factory=dict)
    lanes: dict[Way, Lane] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    half_open: dict[Way, int] = field(default_factory=dict)
    probing: set[tuple[str, str]] = field(default_factory=set)

    def throttled_until(self, ip_id: int) -> dict[str, datetime]:
        """Return, by provider, how long an IP leaves it alone."""
        return {provider: at for (ip, provider), at in self.until.items() if ip == ip_id}

    def trim(self, by_ip: dict[int, list[ClaimedRecipient]]) -> list[int]:
        """Take out of a batch whatever providers do not take now, and return whom that concerns.

        `probing` then has the addresses and providers that the batch probes.
        """
        if not (self.rates or self.sizes or self.half_open):
            return []
        allowed = self._allowed(by_ip)
        surplus: list[int] = []
        for ip_id, rows in by_ip.items():
            kept, over = _cut(rows, {p: n for (ip, p), n in allowed.items() if ip == ip_id})
            by_ip[ip_id] = kept
            surplus += over
        return surplus

    def _allowed(self, by_ip: Mapping[int, Sequence[ClaimedRecipient]]) -> dict[Way, int]:
        """Return how many messages may go each way, of the ways that are not free."""
        wanted = Counter((ip_id, row.provider) for ip_id, rows in by_ip.items() for row in rows)
        allowed = {way: min(wanted[way], size) for way, size in self.sizes.items() if wanted[way]}
        for way in self.half_open:
            if wanted[way]:
                allowed[way] = min(allowed.get(way, PROBES), PROBES) if self._probe(way) else 0
        wishes = {way: allowed.get(way, wanted[way]) for way in self.rates if wanted[way]}
        granted = self.asked(wishes)
        return allowed | {way: grant.messages for way, grant in granted.items()}

    def _probe(self, way: Way) -> bool:
        if not iprouting.operations.breakers.take_probes(self.half_open[way], now=self.now):
            return False
        self.probing.add((self.addresses[way[0]], way[1]))
        return True

    def asked(self, counts: Mapping[Way, int]) -> dict[Way, Grant]:
        """Return what the shared throttle grants of so many messages each way."""
        throttle = shared_throttle(iprouting.conf.valkey_url())
        keys = {way: f"{way[0]}:{way[1]}" for way in counts}
        wishes = {keys[way]: Wish(self.rates[way], count) for way, count in counts.items()}
        granted = throttle.take(wishes, at=self.now.timestamp())
        return {way: granted[key] for way, key in keys.items()}

    def spread(
        self, decisions: Iterable[Decision], rows: Iterable[ClaimedRecipient], *, lanes: Lanes
    ) -> list[Decision]:
        """Return the decisions; those who wait for a slow provider wait one behind the other.

        Else all of them would be looked at again whenever one of them may go.
        """
        slowest = {provider: 60 / rate for (_, provider), rate in self.rates.items()}
        if not (slowest or self.full):
            return list(decisions)
        places: Counter[str] = Counter()
        return [
            self._in_turn(decision, row.provider, lanes)
            if self._waits_for_lane(decision, row.provider)
            else self._behind(decision, row.provider, slowest, places)
            for decision, row in zip(decisions, rows, strict=True)
        ]

    def _waits_for_lane(self, decision: Decision, provider: str) -> TypeGuard[Defer]:
        """Say whether somebody waits for a full lane; for a breaker or a rate it is longer."""
        if not isinstance(decision, Defer) or decision.reason != THROTTLED:
            return False
        return provider in self.full and decision.until <= self.now + FULL_LANE

    def _in_turn(self, decision: Defer, provider: str, lanes: Lanes) -> Decision:
        """Put off who waits for a full lane until it is his turn in it."""
        until = lanes.turn(provider, now=self.now, until=decision.until)
        return decision._replace(until=until)

    def _behind(
        self,
        decision: Decision,
        provider: str,
        slowest: Mapping[str, float],
        places: Counter[str],
    ) -> Decision:
        if not isinstance(decision, Defer) or decision.reason != THROTTLED:
            return decision
        if provider not in slowest:
            return decision
        later = timedelta(seconds=places[provider] * slowest[provider])
        places[provider] += 1
        return decision._replace(until=decision.until + min(later, LONGEST_SPREAD))


def paces(
    organization_id: int,
    *,
    ips: Mapping[int, SendingIP],
    providers: Collection[str],
    lanes: Lanes,
    now: datetime,
) -> Paces:
    """Return how some IPs have to treat the providers of a batch now."""
    found = Paces(now, {ip_id: ip.address for ip_id, ip in ips.items()})
    ids: dict[str, list[int]] = {}
    for ip_id, ip in ips.items():
        ids.setdefault(ip.address, []).append(ip_id)
    open_ones = iprouting.queries.breakers.not_closed(organization_id, addresses=list(ids))
    for breaker in open_ones:
        for ip_id in ids[breaker.ip]:
            _obey(found, breaker, ip_id)
    if open_ones:
        iprouting.operations.breakers.close_over(organization_id, now=now)
    limits = iprouting.queries.breakers.limits()
    if limits:
        _limit(found, limits, [(ip_id, provider) for ip_id in ips for provider in providers])
    _look_ahead(found, providers)
    if found.connections:
        _take_lanes(found, lanes, providers)
    return found


def _obey(found: Paces, breaker: Breaker, ip_id: int) -> None:
    """Note what an open breaker asks of an IP."""
    way, standing = (ip_id, breaker.provider), standing_of(breaker)
    match standing.at(found.now):
        case BreakerState.SUSPENDED if standing.until is not None:
            found.until[way] = standing.until
        case BreakerState.SLOWED:
            if (rate := standing.pace(by_report=breaker.by_report)) is not None:
                found.rates[way] = rate
            if standing.connections is not None and not breaker.by_report:
                found.connections[way] = ConnectionLimit(standing.connections)
        case BreakerState.PROBING:
            asked_again = standing.probed_at + PROBE_WAIT if standing.probed_at else found.now
            if asked_again > found.now:
                found.until[way] = asked_again
            else:
                found.half_open[way] = breaker.pk
        case _:
            pass


def _limit(found: Paces, limits: Mapping[str, ProviderLimit], ways: Iterable[Way]) -> None:
    """Note the limits that are switched on; a slower pace of a breaker stands."""
    for way in ways:
        limit = limits.get(way[1]) or limits.get("")
        if limit is None:
            continue
        if limit.rate_per_minute is not None:
            rate = float(limit.rate_per_minute)
            found.rates[way] = min(found.rates.get(way, rate), rate)
        if limit.connections is not None or limit.messages_per_connection is not None:
            numbers = (found.connections[way].connections if way in found.connections else None,
                       limit.connections)  # fmt: skip
            fewest = min((number for number in numbers if number is not None), default=None)
            found.connections[way] = ConnectionLimit(fewest, limit.messages_per_connection)


def _look_ahead(found: Paces, providers: Collection[str]) -> None:
    """Note which ways are used up for now, so that others are taken."""
    ways = [way for way in found.rates if way[1] in providers and way not in found.until]
    for way, grant in found.asked(dict.fromkeys(ways, 0)).items():
        if grant.wait_seconds > 0:
            found.until[way] = found.now + timedelta(seconds=grant.wait_seconds)


def _take_lanes(found: Paces, lanes: Lanes, providers: Collection[str]) -> None:
    """Note through which lanes limited mail goes, and which of them have enough for now."""
    limits = {
        (found.addresses[ip_id], provider): limit
        for (ip_id, provider), limit in found.connections.items()
        if provider in providers
    }
    asked = lanes.ask(limits)
    for way in found.connections:
        if way[1] not in providers:
            continue
        lane, room = asked[found.addresses[way[0]], way[1]]
        found.lanes[way] = lane
        if room:
            found.sizes[way] = room
        elif room == 0 and way not in found.until:
            found.until[way] = found.now + FULL_LANE
            found.full.add(way[1])


def _cut(
    rows: Sequence[ClaimedRecipient], allowed: dict[str, int]
) -> tuple[list[ClaimedRecipient], list[int]]:
    """Return the rows that may go, in their order, and the ids of the others."""
    kept, over = [], []
    for row in rows:
        left = allowed.get(row.provider)
        if left == 0:
            over.append(row.id)
            continue
        if left is not None:
            allowed[row.provider] = left - 1
        kept.append(row)
    return kept, over
