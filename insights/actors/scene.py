"""The hits of one message seen together: what is said here depends on all of them, in no order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from insights.actors.agents import AgentKind, agent_named
from insights.actors.hits import Context, Hit, HitKind

# Source: docs/machine-opens.md, "Patterns".
BURST: Final = timedelta(seconds=2)  # nobody follows several links within this
BURST_LINKS: Final = 2  # distinct links in that time that make a burst
WALK_LINKS: Final = 3  # links that a message has at least if a walk through all is to mean anything
WALK_STEP: Final = timedelta(seconds=5)  # at most from one link to the next
SAME_SOURCE: Final = timedelta(seconds=10)  # requests of one program belong together this long
SAME_MOMENT: Final = timedelta(seconds=1)
# A delivery later than this after a hit is an assumed one: it does not say how soon the hit came.
LATE_DELIVERY: Final = timedelta(seconds=60)
# Of a flood of requests only so many to each side of one are looked at: no message is worth more.
NEIGHBOURS: Final = 100


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which links were followed as people do not."""

    begin: datetime
    end: datetime
    links: frozenset[int]
    networks: frozenset[str]

    def holds(self, at: datetime) -> bool:
        """Say whether a moment lies within it."""
        return self.begin <= at <= self.end


class Scene:
    """All known hits of one message, with what is known around them."""

    def __init__(self, hits: Iterable[Hit], context: Context) -> None:
        """Put the hits in order of time; those of one moment in order of links."""
        self.context = context
        self.hits = sorted(set(hits), key=_order)
        self._times = [hit.at for hit in self.hits]
        clicks = [hit for hit in self.hits if hit.kind == HitKind.CLICK]
        self.bursts = _bursts(clicks)
        self._begins = [burst.begin for burst in self.bursts]
        self.walks = _walks(clicks, context.link_count)

    def around(self, hit: Hit, span: timedelta) -> Sequence[Hit]:
        """Return the hits no further than `span` before or after one, itself among them."""
        place = bisect_left(self._times, hit.at)
        begin = max(bisect_left(self._times, hit.at - span), place - NEIGHBOURS)
        end = min(bisect_right(self._times, hit.at + span), place + NEIGHBOURS)
        return self.hits[begin:end]

    def since_delivery(self, hit: Hit) -> timedelta | None:
        """Return how long after delivery a hit came at most; None if that is not known."""
        for moment in (self.context.delivered_at, self.context.sent_at):
            if moment is not None and moment - hit.at <= LATE_DELIVERY:
                return max(hit.at - moment, timedelta(0))
        return None

    def links_at_once(self, hit: Hit) -> int:
        """Return how many distinct links were followed within moments of a click, its own too."""
        if hit.kind != HitKind.CLICK:
            return 0
        sizes = (len(burst.links) for burst in self.bursts_near(hit) if burst.holds(hit.at))
        return max(sizes, default=1)

    def bursts_near(self, hit: Hit) -> Sequence[Stretch]:
        """Return the bursts in which a hit may lie, or just before or after which it may come."""
        begin = bisect_left(self._begins, hit.at - 2 * BURST)
        return self.bursts[begin : bisect_right(self._begins, hit.at + BURST)]

    def repeats_proxy(self, hit: Hit) -> bool:
        """Say whether a proxy for pictures only fetched again what it had just fetched."""
        return any(
            _order(other) < _order(hit)
            and hit.at - other.at < SAME_MOMENT
            and other.kind == hit.kind
            and other.agent == hit.agent
            for other in self.around(hit, SAME_MOMENT)
        )

    def several_addresses(self, hit: Hit) -> bool:
        """Say whether the same was asked for from several networks in one moment."""
        networks = {
            other.network
            for other in self.around(hit, SAME_MOMENT)
            if other.network
            and other.kind == hit.kind
            and abs(other.at - hit.at) < SAME_MOMENT
            and not _is_image_proxy(other)
        }
        return hit.network in networks and len(networks) > 1

    def follows_head(self, hit: Hit) -> bool:
        """Say whether the same program asked with HEAD as well, just before or after."""
        return any(
            other.method == "HEAD" and _same_source(hit, other)
            for other in self.around(hit, SAME_SOURCE)
        )

    def near_hidden_link(self, hit: Hit) -> bool:
        """Say whether a link that no person can see was followed along with this hit."""
        hidden = self.context.hidden_link
        return hidden is not None and any(
            other != hit
            and other.link_number == hidden
            and other.kind == HitKind.CLICK
            and (abs(other.at - hit.at) <= BURST or _same_source(hit, other))
            for other in self.around(hit, SAME_SOURCE)
        )


def _order(hit: Hit) -> tuple[datetime, int, str]:
    return hit.at, -1 if hit.link_number is None else hit.link_number, repr(hit.id)


def _same_source(one: Hit, other: Hit) -> bool:
    known = bool(one.network) and bool(one.agent)
    return known and (one.network, one.agent) == (other.network, other.agent)


def _is_image_proxy(hit: Hit) -> bool:
    agent = agent_named(hit.agent)
    return agent is not None and agent.kind == AgentKind.IMAGE_PROXY


def _bursts(clicks: Sequence[Hit]) -> list[Stretch]:
    """Return each burst as long as it can be while it is one; they may overlap."""
    found: list[Stretch] = []
    times = [click.at for click in clicks]
    for number, first in enumerate(clicks):
        end = min(bisect_right(times, first.at + BURST), number + NEIGHBOURS)
        if found and times[end - 1] <= found[-1].end:
            continue  # within the last one
        stretch = _stretch(clicks[number:end])
        if len(stretch.links) >= BURST_LINKS:
            found.append(stretch)
    return found


def _walks(clicks: Sequence[Hit], link_count: int | None) -> list[Stretch]:
    """Return each walk through all links in the order of the document."""
    if link_count is None or link_count < WALK_LINKS:
        return []
    walks: list[list[Hit]] = []
    for click in clicks:
        last = walks[-1][-1] if walks else None
        if last is None or not _steps_on(last, click):
            walks.append([])
        walks[-1].append(click)
    stretches = [_stretch(walk) for walk in walks]
    return [stretch for stretch in stretches if len(stretch.links) >= link_count]


def _steps_on(last: Hit, click: Hit) -> bool:
    forward = (click.link_number or 0) >= (last.link_number or 0)
    return forward and click.at - last.at <= WALK_STEP


def _stretch(clicks: Sequence[Hit]) -> Stretch:
    return Stretch(
        begin=clicks[0].at,
        end=clicks[-1].at,
        links=frozenset(click.link_number for click in clicks if click.link_number is not None),
        networks=frozenset(click.network for click in clicks),
    )
