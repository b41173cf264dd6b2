"""The figures of a period: counts and rates, apart by one thing, and together, over time."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from insights.periods import Period
from insights.rates import TRACKED_CLICKS, TRACKED_OPENS, rates

COUNTS: Final = (
    "sent", "delivered", "deferred", "bounced", "failed", "opens", "unique_opens",
    "machine_opens", "clicks", "unique_clicks", "machine_clicks", "replies", "unsubscribes",
    "complaints",
)  # fmt: skip
DENOMINATORS: Final = (TRACKED_OPENS, TRACKED_CLICKS)
COUNTED: Final = (*COUNTS, *DENOMINATORS)
ALL: Final = "all"  # the key of the one group of what is not told apart

Metrics = dict[str, int | float | None]
Tracked = dict[str, int]  # deliveries that could be seen to be opened and clicked, by name
Counted = dict[str, int]  # a number for each name of COUNTED


class GroupBy(enum.StrEnum):
    """What figures are shown apart by; by day and hour there is one group, `all`."""

    DAY = "day"
    HOUR = "hour"
    PROVIDER = "provider"
    IDENTITY = "identity"
    LIST = "list"
    IP = "ip"
    VARIANT = "variant"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class Point:
    """What happened in one bucket."""

    ts: datetime
    metrics: Metrics
    tracked: Tracked


@dataclass(frozen=True)
class Group:
    """What happened to the mail that has one thing in common.

    `counted` is by the number of the bucket, `total` all of it together.
    """

    key: str
    label: str
    total: Counted
    totals: Metrics
    tracked: Tracked
    buckets: Sequence[datetime]
    counted: Mapping[int, Counted]

    @cached_property
    def series(self) -> list[Point]:
        """Every bucket, also where nothing happened. Made when asked for: a table needs none."""
        nothing = _point_parts(summed([]))
        known = {number: _point_parts(one) for number, one in self.counted.items()}
        return [Point(ts, *known.get(number, nothing)) for number, ts in enumerate(self.buckets)]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period; `groups` come with the most sent first."""

    period: Period
    group_by: GroupBy
    totals: Metrics
    tracked: Tracked
    groups: list[Group]


def group_of(
    key: str, *, label: str, buckets: Sequence[datetime], counted: Mapping[int, Counted]
) -> Group:
    """Return a group with its totals."""
    total = summed(counted.values())
    return Group(key, label, total, *_point_parts(total), buckets, counted)


def report_of(groups: list[Group], *, period: Period, group_by: GroupBy) -> Report:
    """Return groups with the totals of all of them."""
    total = summed(group.total for group in groups)
    return Report(period, group_by, *_point_parts(total), groups)


def together(groups: Sequence[Group], *, period: Period) -> Report:
    """Return the figures of groups of one report as one, `all`, without asking again."""
    counted: dict[int, Counted] = {}
    for group in groups:
        for number, counts in group.counted.items():
            counted[number] = summed([counted[number], counts]) if number in counted else counts
    whole = group_of(ALL, label=ALL, buckets=period.buckets, counted=counted)
    return report_of([whole], period=period, group_by=GroupBy.DAY)


def summed_series(groups: Sequence[Group], name: str) -> list[int]:
    """Return one count of groups of one report together, for each bucket."""
    totals = [0] * len(groups[0].buckets) if groups else []
    for group in groups:
        for number, counts in group.counted.items():
            totals[number] += counts[name]
    return totals


def summed(counted: Iterable[Counted]) -> Counted:
    """Return the sum of counts, all zero if there are none."""
    total = dict.fromkeys(COUNTED, 0)
    for counts in counted:
        for name, number in counts.items():
            total[name] += number
    return total


def _point_parts(counted: Counted) -> tuple[Metrics, Tracked]:
    metrics = {**{name: counted[name] for name in COUNTS}, **rates(counted)}
    return metrics, {name: counted[name] for name in DENOMINATORS}
