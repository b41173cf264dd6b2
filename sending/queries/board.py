"""How the sending IPs of an organization stand, and how its mail is shared out among them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import iprouting.queries
import warmup.queries
from campaigns.models.content import Stream
from iprouting.models import SendingIP
from iprouting.reputation import Counts
from iprouting.routing import score_at
from warmup.queries import Standing


@dataclass(frozen=True, slots=True)
class Cell:
    """An IP at a mailbox provider in the last 24 hours.

    `score` is what routing goes by, `share` the part of the stream's mail for the provider; both
    are None where there is nothing to form them of.
    """

    provider: str
    counts: Counts
    score: float | None
    share: float | None


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
    """The IPs of one stream; providers are those that got mail, the one with the most first."""

    stream: Stream
    providers: list[str]
    lines: list[Line]


def boards(organization_id: int, *, now: datetime) -> list[Board]:
    """Return a board for each stream that has IPs; a handful of queries, whatever their number."""
    ips = list(
        SendingIP.objects.filter(organization=organization_id)
        .select_related("pool", "transport")
        .defer("transport__password", "transport__backend_settings")
        .order_by("pool__name", "address", "pk")
    )
    reputation = iprouting.queries.reputation(organization_id, now=now)
    warming = warmup.queries.standings_by_ip([ip.pk for ip in ips], now=now)
    found = [
        _board(stream, [ip for ip in ips if ip.pool.stream == stream], reputation, warming)
        for stream in Stream
    ]
    return [board for board in found if board.lines]


def _board(
    stream: Stream,
    ips: list[SendingIP],
    reputation: dict[tuple[str, str], Counts],
    warming: dict[int, Standing],
) -> Board:
    addresses = {ip.address for ip in ips}
    own = {key: counts for key, counts in reputation.items() if key[0] in addresses}
    volumes: Counter[str] = Counter()
    for (_, provider), counts in own.items():
        volumes[provider] += counts.handed_over
    providers = [name for name, _ in sorted(volumes.items(), key=lambda item: (-item[1], item[0]))]
    lines = [_line(ip, ips, providers, own, warming.get(ip.pk), volumes) for ip in ips]
    return Board(stream, providers, lines)


def _line(
    ip: SendingIP,
    ips: list[SendingIP],
    providers: list[str],
    reputation: dict[tuple[str, str], Counts],
    warming: Standing | None,
    volumes: Counter[str],
) -> Line:
    pool = {one.address for one in ips if one.pool_id == ip.pool_id}
    cells = []
    for provider in providers:
        counts = reputation.get((ip.address, provider), Counts())
        score = score_at(provider, ip.address, reputation=reputation, pool=pool)
        known = score if counts.handed_over else None
        cells.append(Cell(provider, counts, known, _part(counts.handed_over, volumes[provider])))
    sent = sum(cell.counts.handed_over for cell in cells)
    return Line(ip, warming, sent, _part(sent, volumes.total()), cells)


def _part(some: int, whole: int) -> float | None:
    return some / whole if whole > 0 else None
