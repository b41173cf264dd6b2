"""Two campaigns side by side, over the same time since each began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import accumulate
from typing import Final

import insights.queries.counts
from campaigns.models import Campaign
from insights.admin.dashboard import palette
from insights.admin.dashboard.charts import Chart, Series, Value
from insights.admin.dashboard.differences import difference
from insights.admin.dashboard.tables import COLUMNS, Cell, Figures, cell
from insights.admin.dashboard.words import (
    COUNT_MEANINGS,
    COUNT_WORDS,
    RATE_OF,
    SMALL_SAMPLE,
    number,
)
from insights.figures import Report
from insights.periods import HOUR, Bucket, Period, hour_of, next_hour
from insights.rates import RATES

LENGTHS: Final[Mapping[str, str]] = {"24": "24 hours", "72": "3 days", "168": "7 days"}
USUAL_LENGTH: Final = "72"
METRICS: Final = (
    "unique_opens", "unique_clicks", "delivered", "bounced", "unsubscribes", "complaints",
)  # fmt: skip
_GOOD: Final = frozenset({"delivered", "unique_opens", "unique_clicks"})
_BAD: Final = frozenset({"bounced", "complaints", "unsubscribes"})
_COLOURS: Final = (palette.BLUE, palette.ORANGE)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two campaigns."""

    campaign: Campaign
    report: Report
    figures: Figures


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of both, and how they differ."""

    word: str
    meaning: str
    cells: tuple[Cell, Cell]
    difference: str
    said: str  # what the difference means, in words
    kind: str  # the colour it is said in


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two campaigns over the same number of hours."""

    sides: tuple[Side, Side]
    hours: int
    asked_hours: int

    @property
    def note(self) -> str:
        """Why less is compared than was asked for; empty where all of it is."""
        if self.hours >= self.asked_hours:
            return ""
        younger = max(self.sides, key=lambda side: side.figures.start).campaign.name
        hours = "hour" if self.hours == 1 else f"{self.hours} hours"
        return f"{younger} is younger than that, so both are compared over their first {hours}."


def compare(
    campaigns: tuple[Campaign, Campaign], *, hours: int, now: datetime, zone: tzinfo
) -> Comparison:
    """Return two started campaigns over the hours since each began, as many as both have had."""
    ages = [(next_hour(now) - hour_of(_start(campaign))) // HOUR for campaign in campaigns]
    common = max(min(hours, *ages), 1)
    first, second = (_side(campaign, hours=common, zone=zone) for campaign in campaigns)
    return Comparison((first, second), common, hours)


def lines(found: Comparison) -> list[Line]:
    """Return all figures of both."""
    return [_line(found, name) for name in COLUMNS]


def chart(found: Comparison, *, metric: str) -> Chart:
    """Return how a share grew with the hours since the start."""
    rate = RATE_OF[metric]
    series = [
        Series(side.campaign.name, colour, _grown(side, metric, whole=side.figures.whole(rate)))
        for side, colour in zip(found.sides, _COLOURS, strict=True)
    ]
    hours = range(1, found.hours + 1)
    return Chart(
        "growth",
        COUNT_WORDS[metric],
        f"{COUNT_MEANINGS[metric]}; together, by hours since the start",
        "lines",
        "share",
        [f"{hour} h" for hour in hours],
        [f"After {hour} {'hour' if hour == 1 else 'hours'}" for hour in hours],
        series,
    )


def _start(campaign: Campaign) -> datetime:
    if campaign.started_at is None:
        raise ValueError("only campaigns that have started can be compared")
    return campaign.started_at


def _side(campaign: Campaign, *, hours: int, zone: tzinfo) -> Side:
    start = hour_of(_start(campaign))
    period = Period(start, start + timedelta(hours=hours), Bucket.HOUR, zone)
    report = insights.queries.counts.insights(
        campaign.organization_id, period=period, filters={"campaign": campaign.pk}
    )
    ends = period.start.astimezone(zone), period.end.astimezone(zone)
    figures = Figures(report.totals, report.tracked, {"campaign": campaign.pk}, *ends)
    return Side(campaign, report, figures)


def _grown(side: Side, metric: str, *, whole: int) -> list[Value]:
    points = side.report.groups[0].series
    sums = accumulate(int(point.metrics[metric] or 0) for point in points)
    return [min(max(total / whole, 0.0), 1.0) if whole > 0 else None for total in sums]


def _line(found: Comparison, name: str) -> Line:
    first, second = (side.figures for side in found.sides)
    both = (cell(first, name), cell(second, name))
    word, meaning = COUNT_WORDS[name], COUNT_MEANINGS[name]
    rate = RATE_OF.get(name)
    if rate is None:
        return Line(word, meaning, both, _signed(second.count(name) - first.count(name)), "", "")
    pairs = [(figures.count(name), figures.whole(rate)) for figures in (first, second)]
    apart = difference(pairs[0], pairs[1])
    if apart is None:
        return Line(word, meaning, both, "", "Nothing to divide by", "")
    decimals = 2 if RATES[rate][0] in {"complaints", "unsubscribes"} else 1
    said, kind = _judged(name, pairs, points=apart.points, clear=apart.is_clear)
    return Line(word, meaning, both, _points(apart.points, decimals), said, kind)


def _judged(
    name: str, pairs: Sequence[tuple[int, int]], *, points: float, clear: bool
) -> tuple[str, str]:
    if min(whole for _, whole in pairs) < SMALL_SAMPLE:
        return "Too few messages to say", ""
    if not clear:
        return "May be chance", ""
    if (name in _GOOD and points > 0) or (name in _BAD and points < 0):
        return "Clearly better", "good"
    return "Clearly worse", "bad"


def _points(points: float, decimals: int) -> str:
    rounded = round(points, decimals)
    return f"{rounded:+.{decimals}f} points" if rounded else "0 points"


def _signed(value: int) -> str:
    return f"{'+' if value > 0 else ''}{number(value)}"
