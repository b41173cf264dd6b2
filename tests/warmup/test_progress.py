"""Which warm-up day it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.progress import Progress, on_date

MONDAY = date(2026, 11, 23)


def later(days: int) -> date:
    return MONDAY + timedelta(days=days)


class TestOnDate:
    @pytest.mark.parametrize(
        ("used", "stopped", "days", "day"),
        [
            (50, False, 1, 8),
            (1, False, 1, 8),
            (0, False, 1, 7),  # a day on which nothing was sent does not count
            (50, True, 1, 7),  # nor one on which it was stopped
            (50, False, 4, 8),  # a server that was away for days counts one day
            (50, False, 30, 8),
            (50, False, 31, 4),  # more than thirty idle days: back to half
            (0, True, 1, 7),
        ],
    )
    def test_counts_days_on_which_something_was_sent(self, used, stopped, days, day):
        progress = Progress(7, MONDAY, used=used, stopped=stopped)

        assert on_date(progress, later(days)).day == day

    def test_halves_only_once_for_one_rest(self):
        progress = on_date(Progress(20, MONDAY, used=5), later(31))
        again = on_date(progress, later(32))

        assert (progress.day, again.day) == (10, 10)

    def test_remembers_through_empty_days_when_it_last_sent(self):
        progress = Progress(20, MONDAY, used=5)
        for days in range(1, 31):
            progress = on_date(progress, later(days))
        assert progress.day == 21

        assert on_date(progress, later(31)).day == 10

    @given(st.integers(1, 60), st.integers(0, 9), st.integers(0, 90))
    def test_is_the_same_however_often_it_is_asked(self, day, used, days):
        once = on_date(Progress(day, MONDAY, used=used), later(days))

        assert on_date(once, later(days)) == once

    @given(st.integers(1, 60), st.integers(0, 9), st.booleans(), st.integers(-90, 0))
    def test_takes_nothing_away_when_the_clock_goes_back(self, day, used, stopped, days):
        progress = Progress(day, MONDAY, used=used, stopped=stopped)

        assert on_date(progress, later(days)) == progress

    @given(st.integers(1, 60), st.integers(0, 9), st.integers(0, 400))
    def test_never_goes_below_the_first_day(self, day, used, days):
        assert on_date(Progress(day, MONDAY, used=used), later(days)).day >= 1
