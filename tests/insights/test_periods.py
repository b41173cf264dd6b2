"""Hours and days of a zone, across changes of its clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.periods import Bucket, Period, day_start, next_hour

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
HOUR = timedelta(hours=1)


def local_day(year, month, day, *, zone, bucket, days=1):
    """Return the period of whole days of a zone."""
    first = date(year, month, day)
    end = day_start(first + timedelta(days=days), zone=zone)
    return Period(day_start(first, zone=zone), end, bucket, zone)


class TestBuckets:
    @pytest.mark.parametrize(
        ("month", "day", "hours"), [(3, 28, 24), (3, 29, 23), (10, 25, 25), (10, 26, 24)]
    )
    def test_are_as_many_as_the_day_has_hours(self, month, day, hours):
        period = local_day(2026, month, day, zone=BERLIN, bucket=Bucket.HOUR)

        buckets = period.buckets

        assert len(buckets) == hours
        assert [b - a for a, b in zip(map(utc, buckets), map(utc, buckets[1:]), strict=False)] == [
            HOUR
        ] * (hours - 1)

    def test_tell_the_repeated_hour_apart_by_its_offset(self):
        period = local_day(2026, 10, 25, zone=BERLIN, bucket=Bucket.HOUR)

        assert [bucket.isoformat() for bucket in period.buckets[2:4]] == [
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:00:00+01:00",
        ]

    def test_of_days_begin_at_midnight_of_the_zone(self):
        period = local_day(2026, 3, 28, zone=BERLIN, bucket=Bucket.DAY, days=3)

        assert [bucket.isoformat() for bucket in period.buckets] == [
            "2026-03-28T00:00:00+01:00",
            "2026-03-29T00:00:00+01:00",
            "2026-03-30T00:00:00+02:00",
        ]

    def test_begin_later_where_the_clock_jumps_over_midnight(self):
        beirut = ZoneInfo("Asia/Beirut")

        period = local_day(2026, 3, 29, zone=beirut, bucket=Bucket.DAY)

        assert [bucket.isoformat() for bucket in period.buckets] == ["2026-03-29T01:00:00+03:00"]

    @pytest.mark.parametrize("bucket", list(Bucket))
    def test_are_counted_without_being_made(self, bucket):
        period = local_day(2026, 10, 20, zone=BERLIN, bucket=bucket, days=10)

        assert period.size == len(period.buckets)

    def test_hold_the_day_that_the_period_begins_within(self):
        begin = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)

        period = Period(begin, begin + timedelta(days=1), Bucket.DAY, UTC)

        assert [bucket.day for bucket in period.buckets] == [4, 5]


class TestHours:
    def test_cover_the_hours_that_the_period_touches(self):
        begin = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)

        period = Period(begin, begin + HOUR, Bucket.HOUR, UTC)

        assert (period.first_hour.hour, period.end_hour.hour) == (9, 11)

    @given(
        days=st.integers(1, 400),
        zone=st.sampled_from([UTC, BERLIN, KOLKATA, ZoneInfo("Asia/Kathmandu")]),
    )
    def test_of_days_after_one_another_neither_overlap_nor_leave_a_gap(self, days, zone):
        first = date(2026, 1, 1) + timedelta(days=days)
        one = local_day(first.year, first.month, first.day, zone=zone, bucket=Bucket.DAY)
        following = first + timedelta(days=1)

        other = local_day(
            following.year, following.month, following.day, zone=zone, bucket=Bucket.DAY
        )

        assert one.end_hour == other.first_hour
        assert len(one.buckets) == 1

    def test_rounding_up_leaves_a_full_hour_alone(self):
        full = datetime(2026, 5, 4, 9, tzinfo=UTC)

        assert next_hour(full) == full
        assert next_hour(full + timedelta(seconds=1)) == full + HOUR


def utc(moment):
    return moment.astimezone(UTC)
