"""A span of time, and the hours or days of a time zone that it is cut into."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)


class Bucket(enum.StrEnum):
    """What a series has one point for."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start`, inclusive, to `end`, exclusive; both aware, `start` before `end`.

    Counts are kept by the hour of UTC, so the period covers full hours. In a zone whose offset is
    no full hour, an hour belongs to the day in which it begins.
    """

    start: datetime
    end: datetime
    bucket: Bucket
    zone: tzinfo

    @property
    def first_hour(self) -> datetime:
        """The first hour that counts: the one `start` is in, unless it began the day before."""
        begin = hour_of(self.start)
        return max(begin, next_hour(day_start(self._local(self.start).date(), zone=self.zone)))

    @property
    def end_hour(self) -> datetime:
        """The first hour that counts no more."""
        return next_hour(self.end)

    @property
    def size(self) -> int:
        """How many buckets there are, at most, without making them."""
        if self.bucket is Bucket.HOUR:
            return max((self.end_hour - self.first_hour) // HOUR, 0)
        first = self._local(self.start).date()
        return (self._local(self.end - _INSTANT).date() - first).days + 1

    @property
    def buckets(self) -> list[datetime]:
        """When each bucket begins, in the zone, oldest first; the first may begin before `start`.

        A day has 23, 24 or 25 hours; which, follows from where the next one begins.
        """
        if self.bucket is Bucket.HOUR:
            return [self._local(self.first_hour + HOUR * number) for number in range(self.size)]
        first = self._local(self.start).date()
        starts = (day_start(first + DAY * number, zone=self.zone) for number in range(self.size))
        return [self._local(start) for start in dict.fromkeys(starts)]

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC).astimezone(self.zone)


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour of UTC that a moment lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def next_hour(moment: datetime) -> datetime:
    """Return the first full hour of UTC at or after a moment."""
    begin = hour_of(moment)
    return begin if begin == moment else begin + HOUR


def day_start(day: date, *, zone: tzinfo) -> datetime:
    """Return when a day begins in a zone, in UTC: at midnight, or when the clock jumped over it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
