"""Months of UTC."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from insights.partitions import Month, month_of

MOMENTS = st.builds(
    lambda seconds, hours: datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours))),
    st.floats(0, 4e9),
    st.integers(-14, 14),
)


class TestMonthOf:
    def test_goes_by_utc(self):
        berlin = timezone(timedelta(hours=1))

        assert month_of(datetime(2026, 12, 1, 0, 30, tzinfo=berlin)) == Month(2026, 11)

    @given(MOMENTS)
    def test_holds_the_moment(self, moment):
        month = month_of(moment)

        assert month.begin <= moment < month.end


class TestMonth:
    def test_begins_exactly_at_midnight_of_the_first(self):
        assert Month(2026, 12).begin == datetime(2026, 12, 1, tzinfo=UTC)
        assert Month(2026, 12).end == datetime(2027, 1, 1, tzinfo=UTC)

    @given(st.integers(1990, 2090), st.integers(1, 12), st.integers(-100, 100))
    def test_goes_there_and_back(self, year, number, months):
        month = Month(year, number)

        assert month.later(months).later(-months) == month

    @given(MOMENTS)
    def test_follows_without_a_gap(self, moment):
        month = month_of(moment)

        assert month.later(1).begin == month.end
