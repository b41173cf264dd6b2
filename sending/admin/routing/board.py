"""The board of sending IPs: state, share of the mail, and a heat map of scores by provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.safestring import SafeString

import sending.queries.board
from campaigns.models.content import Stream
from campaigns.roles import Role
from common.admin import organization_of, pill, provider_name, share_bar
from common.admin.display import DASH
from common.admin.scoping import may
from iprouting.models import Pool
from iprouting.reputation import score
from iprouting.routing import FULL_SAMPLE
from sending.admin.routing.breakers import ShownBreaker
from sending.admin.routing.breakers import shown as shown_breaker
from sending.queries.board import Board, Cell, Line
from warmup.queries import Standing

SMALL: Final = 100  # messages; figures of fewer are grey
# From this score on, the colour: as good as it gets, well, some trouble, refused at times, refused.
HEAT: Final = ((0.9, "best"), (0.7, "good"), (0.3, "fair"), (-1.0, "poor"))
COLDEST: Final = "bad"
NO_HEAT: Final = "none"  # nothing was sent
LEGEND: Final = (
    ("best", "0.9 and more"),
    ("good", "0.7 to 0.9"),
    ("fair", "0.3 to 0.7"),
    ("poor", "-1 to 0.3"),
    ("bad", "below -1"),
)
_STREAM_WORDS: Final = {
    Stream.MARKETING: "Marketing mail",
    Stream.TRANSACTIONAL: "Transactional mail",
}


@dataclass(frozen=True, slots=True)
class ShownCell:
    """An IP at a provider, as it is shown."""

    heat: str
    score: str
    small: bool
    count: str
    share: str
    title: str
    url: str
    breaker: ShownBreaker | None


@dataclass(frozen=True, slots=True)
class ShownLine:
    """An IP, as it is shown."""

    address: str
    hostname: str
    pool: str
    url: str
    state: SafeString
    state_words: str
    share: SafeString
    sent: int
    cells: list[ShownCell]


def routes() -> list[URLPattern]:
    """Return the route; it needs a login."""
    view = admin.site.admin_view(show)
    return [path("iprouting/board/", view, name="iprouting_board")]


def show(request: HttpRequest) -> HttpResponse:
    """Answer with the page."""
    now = timezone.now()
    organization = organization_of(request)
    boards = sending.queries.board.boards(organization.pk, now=now)
    context = {
        **admin.site.each_context(request),
        "title": "IPs and routing",
        "boards": [_shown(board, now=now) for board in boards],
        "may_write": may(request, Role.OPERATOR),
        "legend": LEGEND,
        "small": SMALL,
        "full": FULL_SAMPLE,
    }
    return render(request, "sending/routing/board.html", context)


def _shown(board: Board, *, now: datetime) -> dict[str, Any]:
    lines = [_line(line, now=now) for line in board.lines]
    return {
        "key": board.stream.value,
        "title": _STREAM_WORDS[board.stream],
        "pools": [(pool.name, _fallback_words(pool, board.pools)) for pool in board.pools],
        "providers": [provider_name(provider) for provider in board.providers],
        "lines": lines,
        "held": [cell.breaker for line in lines for cell in line.cells if cell.breaker],
        "sent": any(line.sent for line in lines),
    }


def _fallback_words(pool: Pool, pools: Sequence[Pool]) -> str:
    """Return what becomes of a pool's mail when none of its IPs can take it."""
    helped = [one.name for one in pools if one.fallback_id == pool.pk]
    if helped:
        return f"carries mail only while no IP of {' or '.join(helped)} can"
    if pool.fallback is not None:
        return f"when none of its IPs can take a message, {pool.fallback.name} does"
    return "when none of its IPs can take a message, it waits"


def _line(line: Line, *, now: datetime) -> ShownLine:
    ip = line.ip
    state, words = _state(line, now=now)
    return ShownLine(
        address=ip.address,
        hostname=ip.hostname,
        pool=ip.pool.name,
        url=reverse("admin:iprouting_sendingip_change", args=[ip.pk]),
        state=state,
        state_words=words,
        share=share_bar(
            line.share, label=_percent(line.share), reason="Nothing was sent in 24 hours"
        ),
        sent=line.sent,
        cells=[_cell(cell, ip.address, now=now) for cell in line.cells],
    )


def _state(line: Line, *, now: datetime) -> tuple[SafeString, str]:
    ip = line.ip
    if not ip.active:
        return pill("Switched off"), "It carries no mail."
    if ip.unreachable_until and ip.unreachable_until > now:
        return pill("Not reachable", "bad"), ip.unreachable_reason
    if line.warming is None:
        return pill("In use", "good"), "No daily limit."
    return _warming(line.warming)


def _warming(standing: Standing) -> tuple[SafeString, str]:
    schedule = standing.schedule
    if schedule.status == "paused":
        return pill("Warm-up paused", "warning"), schedule.paused_reason
    day = f"Day {schedule.current_day} of {standing.day_count}"
    if schedule.status != "active":
        return pill("Warm-up scheduled", "info"), "It carries no mail yet."
    return pill("Warming up", "active"), f"{day}: {standing.left:,} of today's mail left."


def _cell(cell: Cell, address: str, *, now: datetime) -> ShownCell:
    size = cell.counts.handed_over
    asked = urlencode({"ip": address, "provider": cell.provider})
    known = cell.score is not None
    return ShownCell(
        heat=NO_HEAT if cell.score is None else _heat(cell.score),
        score=DASH if cell.score is None else f"{cell.score:.2f}",
        small=size < SMALL,
        count=number_format(size),
        share=_percent(cell.share),
        title=_title(cell) if known else "Nothing sent in 24 hours",
        url=f"{reverse('admin:insights_messages')}?{asked}" if known else "",
        breaker=shown_breaker(cell.breaker, now=now) if cell.breaker else None,
    )


def _title(cell: Cell) -> str:
    counts, plain = cell.counts, score(cell.counts)
    figures = (
        f"{counts.sent:,} sent, {counts.delivered:,} delivered, {counts.bounced:,} refused, "
        f"{counts.complained:,} complaints"
    )
    if plain is None or counts.handed_over >= FULL_SAMPLE:
        return figures
    return f"{figures}; by these alone {plain:.2f}"


def _heat(value: float) -> str:
    return next((name for least, name in HEAT if value >= least), COLDEST)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
