"""How much an IP may send on each day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.schedule import PRESETS, STANDARD, daily_limit, days_needed, upcoming

STANDARD_DAYS = [
    (range(1, 3), 50),
    (range(3, 5), 100),
    (range(5, 8), 500),
    (range(8, 11), 1_000),
    (range(11, 15), 5_000),
    (range(15, 22), 10_000),
    (range(22, 29), 50_000),
]
presets = st.sampled_from(sorted(PRESETS))


class TestDailyLimit:
    @pytest.mark.parametrize(
        ("day", "limit"), [(day, limit) for days, limit in STANDARD_DAYS for day in days]
    )
    def test_is_that_of_the_standard_schedule(self, day, limit):
        assert daily_limit(day) == limit

    @pytest.mark.parametrize("day", [29, 30, 365, 10_000])
    def test_ends_after_four_weeks(self, day):
        assert daily_limit(day) is None

    @given(presets, st.integers(1, 400))
    def test_never_falls(self, preset, day):
        today, tomorrow = upcoming(day, days=2, preset=preset)

        assert tomorrow is None or (today is not None and today <= tomorrow)

    @pytest.mark.parametrize("day", [0, -1])
    def test_refuses_a_day_before_the_first(self, day):
        with pytest.raises(ValueError, match="from 1"):
            daily_limit(day)

    def test_refuses_a_preset_that_is_none(self):
        with pytest.raises(ValueError, match=STANDARD):
            daily_limit(1, preset="quick")


class TestDaysNeeded:
    @pytest.mark.parametrize(
        ("messages", "day", "used", "days"),
        [
            (0, 1, 0, 0),
            (50, 1, 0, 1),
            (51, 1, 0, 2),
            (1, 1, 50, 2),
            (300, 1, 0, 4),
            (301, 1, 0, 5),
            (10**9, 28, 50_000, 2),
            (10**9, 29, 0, 1),
        ],
    )
    def test_adds_up_the_days(self, messages, day, used, days):
        assert days_needed(messages, day=day, used=used) == days

    @given(st.integers(0, 10**6), st.integers(1, 40))
    def test_is_what_the_days_hold(self, messages, day):
        days = days_needed(messages, day=day, used=0)
        limits = upcoming(day, days=days)

        if None not in limits:
            assert sum(limits) >= messages
            assert sum(limits[:-1]) < messages or not messages
