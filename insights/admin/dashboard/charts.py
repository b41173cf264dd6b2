"""Figures as charts: what a script draws, and the same numbers as a table."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from insights.admin.dashboard.words import number
from insights.periods import Bucket, Period
from insights.queries.choices import Start

# Up to how many hours, every how many of them are labelled; beyond that days alone are.
_LABELLED: Final = ((26, 3), (80, 6))
DASH: Final = "\N{EN DASH}"
Value = float | int | None


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one part of the bars."""

    name: str
    colour: str
    values: list[Value]
    stack: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened in a bucket."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart; `labels` stand under the axis, `titles` in what shows on hover."""

    name: str
    title: str
    note: str
    kind: str  # "bars" or "lines"
    unit: str  # "count" or "share"
    labels: list[str]
    titles: list[str]
    series: list[Series]
    marks: list[Mark] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        return {
            "kind": self.kind,
            "unit": self.unit,
            "labels": self.labels,
            "titles": self.titles,
            "series": [
                {"name": one.name, "colour": one.colour, "values": one.values, "stack": one.stack}
                for one in self.series
            ],
            "marks": [{"index": mark.index, "text": mark.text} for mark in self.marks],
        }

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw: nothing counted, or no rate at all."""
        nothing = {0, None} if self.unit == "count" else {None}
        return all(value in nothing for one in self.series for value in one.values)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The same numbers as text, a row for each bucket."""
        shown = [[self._text(value) for value in one.values] for one in self.series]
        columns = zip(*shown, strict=True) if shown else [()] * len(self.titles)
        return [(title, list(row)) for title, row in zip(self.titles, columns, strict=True)]

    def _text(self, value: Value) -> str:
        if value is None:
            return DASH
        return number(value) if self.unit == "count" else f"{100 * value:.2f}\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, slots=True)
class Axis:
    """The buckets of a period as they are written, and what is marked on them."""

    labels: list[str]
    titles: list[str]
    marks: list[Mark]

    @classmethod
    def of(cls, period: Period, *, starts: Sequence[Start]) -> Axis:
        """Return the axis of a period with the campaigns that started in it."""
        buckets = period.buckets
        hourly = period.bucket is Bucket.HOUR
        return cls(
            [_tick(at, each=_label_hours(period), hourly=hourly) for at in buckets],
            [_long(at, hourly=hourly) for at in buckets],
            [Mark(bucket_of(start.at, buckets), f"{start.name} started") for start in starts],
        )


def bucket_of(at: datetime, buckets: Sequence[datetime]) -> int:
    """Return the number of the bucket that a moment lies in."""
    return max(bisect_right(buckets, at) - 1, 0)


def _label_hours(period: Period) -> int:
    """Return every how many hours something is written under the axis; 0 for days alone."""
    return next((each for longest, each in _LABELLED if period.size <= longest), 0)


def _tick(at: datetime, *, each: int, hourly: bool) -> str:
    """Return what is written under a bucket: the day where it begins, in between the time."""
    if at.hour == 0 or not hourly:
        return f"{at.day} {at:%b}"
    return f"{at:%H:%M}" if each and at.hour % each == 0 else ""


def _long(at: datetime, *, hourly: bool) -> str:
    day = f"{at:%a} {at.day} {at:%b %Y}"
    return f"{day}, {at:%H:%M}" if hourly else day
