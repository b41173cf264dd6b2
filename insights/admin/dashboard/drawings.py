"""Which charts are drawn of a report, and what each of them shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

from insights.admin.dashboard import palette
from insights.admin.dashboard.charts import Axis, Chart, Series, Value
from insights.admin.dashboard.words import COUNT_WORDS, RATE_WORDS, group_label
from insights.figures import Group, GroupBy, Point, summed_series
from insights.rates import RATES, fraction

MOST_SERIES: Final = 6  # and all the rest as one; more lines cannot be told apart
# What follows mail hours or days later: of what was sent in the very same hour it would be a share
# of something else, so these rates are drawn as shares of everything until then.
LATE: Final = frozenset({"open_rate", "click_rate", "ctor", "complaint_rate", "unsubscribe_rate"})
_TROUBLE: Final = {
    "bounce_rate": palette.VERMILION,
    "complaint_rate": palette.PINK,
    "unsubscribe_rate": palette.BLUE,
}
_READ: Final = {"open_rate": palette.BLUE, "click_rate": palette.ORANGE, "ctor": palette.GREEN}
_ENGAGEMENT: Final = {
    "opens": (palette.BLUE, "opens"),
    "machine_opens": (palette.PALE_BLUE, "opens"),
    "clicks": (palette.ORANGE, "clicks"),
    "machine_clicks": (palette.PALE_ORANGE, "clicks"),
}


def over_time(points: Sequence[Point], axis: Axis) -> list[Chart]:
    """Return the charts of everything together: volumes and rates, opens and clicks."""
    return [
        _bars("volume", "What became of the mail", "Messages", axis, _outcomes(points)),
        _lines(
            "trouble",
            "What went wrong",
            "Refused of what was sent then; the others, which come later, of all until then",
            axis,
            _rates(points, _TROUBLE),
        ),
        _bars(
            "engagement",
            "Opens and clicks, by people and machines",
            "Every one; opens left, clicks right",
            axis,
            _engagement(points),
        ),
        _lines(
            "read",
            "How much was read by people",
            "Of all that was delivered until then; clicked also of what was opened",
            axis,
            _rates(points, _READ),
        ),
    ]


def by_group(
    groups: Sequence[Group], axis: Axis, *, by: GroupBy, count: str, rate: str
) -> list[Chart]:
    """Return how much of the chosen count each group had, and its chosen rate."""
    shown, rest = groups[:MOST_SERIES], groups[MOST_SERIES:]
    named = [
        (group_label(by, key=group.key, label=group.label), colour, group.series)
        for group, colour in zip(shown, _colours(shown, by=by), strict=True)
    ]
    bars = [Series(name, colour, _counts(series, count), "all") for name, colour, series in named]
    if rest:
        rest_values: list[Value] = [*summed_series(rest, count)]
        bars.append(Series(f"The rest ({len(rest)})", palette.REST, rest_values, "all"))
    lines = [Series(name, colour, rate_values(series, rate)) for name, colour, series in named]
    most = f", of the {MOST_SERIES} with most sent" if rest else ""
    then = "until then" if rate in LATE else "at that time"
    return [
        _bars("count", COUNT_WORDS[count], "How many, one above the other", axis, bars),
        _lines("rate", RATE_WORDS[rate], f"Share of all {then}{most}", axis, lines),
    ]


def rate_values(points: Sequence[Point], name: str) -> list[Value]:
    """Return a rate for each bucket; of what comes late, the share of everything until then."""
    if name not in LATE:
        return [point.metrics[name] for point in points]
    part, whole = RATES[name]
    parts = accumulate(int(point.metrics[part] or 0) for point in points)
    wholes = accumulate(_whole(point, whole) for point in points)
    return [fraction(part, whole=whole) for part, whole in zip(parts, wholes, strict=True)]


def _whole(point: Point, name: str) -> int:
    return point.tracked[name] if name in point.tracked else int(point.metrics[name] or 0)


def _bars(name: str, title: str, note: str, axis: Axis, series: list[Series]) -> Chart:
    return Chart(name, title, note, "bars", "count", axis.labels, axis.titles, series, axis.marks)


def _lines(name: str, title: str, note: str, axis: Axis, series: list[Series]) -> Chart:
    return Chart(name, title, note, "lines", "share", axis.labels, axis.titles, series, axis.marks)


def _colours(groups: Sequence[Group], *, by: GroupBy) -> list[str]:
    if by is GroupBy.PROVIDER:
        return [palette.provider_colour(group.key) for group in groups]
    return list(palette.ORDER[: len(groups)])


def _counts(points: Sequence[Point], name: str) -> list[Value]:
    return [point.metrics[name] for point in points]


def _rates(points: Sequence[Point], colours: Mapping[str, str]) -> list[Series]:
    return [
        Series(RATE_WORDS[name], colour, rate_values(points, name))
        for name, colour in colours.items()
    ]


def _outcomes(points: Sequence[Point]) -> list[Series]:
    """Return what became of messages; where nobody reports deliveries, what was handed over."""
    known = any(point.metrics["delivered"] for point in points)
    parts = {
        "delivered" if known else "sent": palette.GREEN,
        "bounced": palette.VERMILION,
        "failed": palette.GREY,
    }
    return [
        Series(COUNT_WORDS[name], colour, _counts(points, name), "all")
        for name, colour in parts.items()
    ]


def _engagement(points: Sequence[Point]) -> list[Series]:
    return [
        Series(COUNT_WORDS[name], colour, _counts(points, name), stack)
        for name, (colour, stack) in _ENGAGEMENT.items()
    ]
