"""What mailbox providers leave of a batch: breakers, and how much may go to each at a time.

Where no breaker is open and no limit is switched on, this costs two short queries a batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import iprouting.conf
import iprouting.operations.breakers
import iprouting.queries.breakers
from campaigns.ledger import ClaimedRecipient
from iprouting.breakers import PROBE_WAIT, PROBES, BreakerState
from iprouting.models import Breaker, ProviderLimit, SendingIP
from iprouting.queries.breakers import standing_of
from iprouting.throttles import Grant, Wish, shared_throttle
from sending.plan import THROTTLED, Decision, Defer

LONGEST_SPREAD: Final = timedelta(hours=1)  # of those who wait for a slow provider
Way = tuple[int, str]  # an IP's id and a provider


@dataclass(slots=True)
class Paces:
    """How each IP of a batch has to treat each provider.

    `until` says how long an IP leaves a provider alone, `rates` how many messages a minute may go,
    `sizes` how many in one batch, `half_open` which breakers want a few messages to probe.
    """

    now: datetime
    addresses: Mapping[int, str]
    until: dict[Way, datetime] = field(default_factory=dict)
    rates: dict[Way, float] = field(default_factory=dict)
    sizes: dict[Way, int] = field(default_factory=dict)
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
        self, decisions: Iterable[Decision], rows: Iterable[ClaimedRecipient]
    ) -> list[Decision]:
        """Return the decisions; those who wait for a slow provider wait one behind the other.

        Else all of them would be looked at again whenever one of them may go.
        """
        slowest = {provider: 60 / rate for (_, provider), rate in self.rates.items()}
        if not slowest:
            return list(decisions)
        places: Counter[str] = Counter()
        return [
            self._behind(decision, row.provider, slowest, places)
            for decision, row in zip(decisions, rows, strict=True)
        ]

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
    organization_id: int, *, ips: Mapping[int, SendingIP], providers: Collection[str], now: datetime
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
    return found


def _obey(found: Paces, breaker: Breaker, ip_id: int) -> None:
    """Note what an open breaker asks of an IP."""
    way, standing = (ip_id, breaker.provider), standing_of(breaker)
    match standing.at(found.now):
        case BreakerState.SUSPENDED if standing.until is not None:
            found.until[way] = standing.until
        case BreakerState.SLOWED if standing.rate is not None:
            found.rates[way] = standing.rate
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
        if limit.batch_size is not None:
            found.sizes[way] = limit.batch_size


def _look_ahead(found: Paces, providers: Collection[str]) -> None:
    """Note which ways are used up for now, so that others are taken."""
    ways = [way for way in found.rates if way[1] in providers and way not in found.until]
    for way, grant in found.asked(dict.fromkeys(ways, 0)).items():
        if grant.wait_seconds > 0:
            found.until[way] = found.now + timedelta(seconds=grant.wait_seconds)


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
