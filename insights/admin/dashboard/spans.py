"""Which span of time a page shows: a preset, or two days that somebody chose."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from insights.periods import DAY, HOUR, Bucket, Period, day_start, next_hour

# Longer spans come by the day unless asked otherwise; most of a campaign happens in its first week.
SHOWN_BY_HOUR: Final = timedelta(days=3)
CAMPAIGN_SHOWN_BY_HOUR: Final = timedelta(days=7)
OFFERED_BY_HOUR: Final = timedelta(days=14)  # beyond it there are more hours than pixels
LONGEST: Final = timedelta(days=2 * 366)
_FIRST, _LAST = date(1971, 1, 1), date(2998, 1, 1)


class Preset(enum.StrEnum):
    """What can be chosen at a touch."""

    LAST_DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    FIRST_DAY = "first24h"
    FIRST_DAYS = "first3d"
    FIRST_WEEK = "first7d"
    ALL = "all"
    CUSTOM = "custom"


LOOKING_BACK: Final[Mapping[Preset, str]] = {
    Preset.LAST_DAY: "24 hours",
    Preset.WEEK: "7 days",
    Preset.MONTH: "30 days",
    Preset.QUARTER: "90 days",
    Preset.CUSTOM: "Other days",
}
SINCE_START: Final[Mapping[Preset, str]] = {
    Preset.ALL: "Since the start",
    Preset.FIRST_DAY: "First 24 hours",
    Preset.FIRST_DAYS: "First 3 days",
    Preset.FIRST_WEEK: "First 7 days",
    Preset.CUSTOM: "Other days",
}
_DAYS: Final = {Preset.WEEK: 7, Preset.MONTH: 30, Preset.QUARTER: 90}
_AFTER: Final = {
    Preset.FIRST_DAY: timedelta(days=1),
    Preset.FIRST_DAYS: timedelta(days=3),
    Preset.FIRST_WEEK: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, how it was asked for, and what is to be said about it."""

    preset: Preset
    start: datetime
    end: datetime
    problem: str = ""

    def cut(self, each: str, *, zone: tzinfo, usual: timedelta = SHOWN_BY_HOUR) -> Period:
        """Return the period, by the hour or day that was asked for where it can be had.

        Up to the length of `usual` it comes by the hour when nothing was asked for.
        """
        bucket = Bucket.HOUR if self.end - self.start <= usual else Bucket.DAY
        if each in (Bucket.DAY, Bucket.HOUR) and self.by_hour:
            bucket = Bucket(each)
        return Period(self.start, self.end, bucket, zone)

    @property
    def by_hour(self) -> bool:
        """Whether hours can be shown one by one."""
        return self.end - self.start <= OFFERED_BY_HOUR


def span(
    given: Mapping[str, str], *, started: datetime | None, now: datetime, zone: tzinfo
) -> Span:
    """Return the span that parameters ask for; `started` is the start of a campaign's report."""
    offered = SINCE_START if started else LOOKING_BACK
    name = given.get("period", "")
    default = Preset.ALL if started else Preset.MONTH
    preset = Preset(name) if name in offered else default
    if preset is not Preset.CUSTOM:
        return _preset(preset, started=started, now=now, zone=zone)
    usual = _preset(default, started=started, now=now, zone=zone)
    first, last = _day(given.get("first", "")), _day(given.get("last", ""))
    if first is None or last is None:
        problem = "Enter both days." if given.get("first") or given.get("last") else ""
        return Span(preset, usual.start, usual.end, problem)
    return _chosen(first, last, usual=usual, zone=zone)


def _chosen(first: date, last: date, *, usual: Span, zone: tzinfo) -> Span:
    if first > last:
        return Span(Preset.CUSTOM, usual.start, usual.end, "The first day is after the last one.")
    if last - first > LONGEST:
        return Span(Preset.CUSTOM, usual.start, usual.end, "Choose two years at most.")
    start, end = day_start(first, zone=zone), day_start(last + DAY, zone=zone)
    return Span(Preset.CUSTOM, start, end)


def _preset(preset: Preset, *, started: datetime | None, now: datetime, zone: tzinfo) -> Span:
    end = next_hour(now)
    if started:
        asked = started + _AFTER[preset] if preset in _AFTER else end
        return Span(preset, started, max(min(next_hour(asked), end), started + HOUR))
    if preset is Preset.LAST_DAY:
        return Span(preset, end - DAY, end)
    first = now.astimezone(zone).date() - DAY * (_DAYS[preset] - 1)
    return Span(preset, day_start(first, zone=zone), end)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST < day < _LAST else None
