"""How the sending IPs of an organization stand, and how its mail is shared out among them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import iprouting.queries
import iprouting.queries.breakers
import warmup.queries
from campaigns.models.content import Stream
from iprouting.breakers import BreakerState
from iprouting.models import Breaker, Pool, SendingIP
from iprouting.queries.breakers import standing_of
from iprouting.reputation import Counts
from iprouting.routing import score_at
from warmup.queries import Standing


@dataclass(frozen=True, slots=True)
class Cell:
    """An IP at a mailbox provider in the last 24 hours.

    `score` is what routing goes by, `share` the part of the stream's mail for the provider; both
    are None where there is nothing to form them of. `breaker` is there while it holds mail back.
    """

    provider: str
    counts: Counts
    score: float | None
    share: float | None
    breaker: Breaker | None


@dataclass(frozen=True, slots=True)
class Line:
    """One IP: where it stands, and how each provider takes its mail."""

    ip: SendingIP
    warming: Standing | None
    sent: int
    share: float | None  # of the mail of its stream
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Board:
    """The IPs of one stream, and their pools with what each falls back to.

    Providers are those that got mail, the one with the most first, and those that hold an IP back.
    """

    stream: Stream
    pools: list[Pool]
    providers: list[str]
    lines: list[Line]


def boards(organization_id: int, *, now: datetime) -> list[Board]:
    """Return a board for each stream that has IPs; a handful of queries, whatever their number."""
    ips = list(
        SendingIP.objects.filter(organization=organization_id)
        .select_related("pool__fallback", "transport")
        .defer("transport__password", "transport__backend_settings")
        .order_by("pool__name", "address", "pk")
    )
    reputation = iprouting.queries.reputation(organization_id, now=now)
    warming = warmup.queries.standings_by_ip([ip.pk for ip in ips], now=now)
    breakers = _breakers(organization_id, ips, now=now)
    found = [
        _board(
            stream,
            [ip for ip in ips if ip.pool.stream == stream],
            _Facts(reputation, warming, breakers),
        )
        for stream in Stream
    ]
    return [board for board in found if board.lines]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of all IPs; reputation and breakers by (IP, provider)."""

    reputation: dict[tuple[str, str], Counts]
    warming: dict[int, Standing]
    breakers: dict[tuple[str, str], Breaker]


def _breakers(
    organization_id: int, ips: list[SendingIP], *, now: datetime
) -> dict[tuple[str, str], Breaker]:
    """Return the breakers that hold mail back at this moment."""
    stored = iprouting.queries.breakers.not_closed(
        organization_id, addresses={ip.address for ip in ips}
    )
    return {
        (breaker.ip, breaker.provider): breaker
        for breaker in stored
        if standing_of(breaker).at(now) is not BreakerState.CLOSED
    }


def _board(stream: Stream, ips: list[SendingIP], facts: _Facts) -> Board:
    addresses = {ip.address for ip in ips}
    volumes: Counter[str] = Counter()
    for (address, provider), counts in facts.reputation.items():
        if address in addresses:
            volumes[provider] += counts.handed_over
    for address, provider in facts.breakers:
        if address in addresses:
            volumes[provider] += 0
    providers = [name for name, _ in sorted(volumes.items(), key=lambda item: (-item[1], item[0]))]
    standing_in = {ip.pool.fallback_id for ip in ips}  # their IPs come last
    ips = sorted(ips, key=lambda ip: ip.pool_id in standing_in)
    lines = [_line(ip, ips, providers, facts, volumes) for ip in ips]
    return Board(stream, [*{ip.pool_id: ip.pool for ip in ips}.values()], providers, lines)


def _line(
    ip: SendingIP,
    ips: list[SendingIP],
    providers: list[str],
    facts: _Facts,
    volumes: Counter[str],
) -> Line:
    pool = {one.address for one in ips if one.pool_id == ip.pool_id}
    cells = []
    for provider in providers:
        counts = facts.reputation.get((ip.address, provider), Counts())
        score = score_at(provider, ip.address, reputation=facts.reputation, pool=pool)
        known = score if counts.handed_over else None
        share = _part(counts.handed_over, volumes[provider])
        breaker = facts.breakers.get((ip.address, provider))
        cells.append(Cell(provider, counts, known, share, breaker))
    sent = sum(cell.counts.handed_over for cell in cells)
    return Line(ip, facts.warming.get(ip.pk), sent, _part(sent, volumes.total()), cells)


def _part(some: int, whole: int) -> float | None:
    return some / whole if whole > 0 else None
