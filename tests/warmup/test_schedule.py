"""How much an IP may send on each day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.caps import Cap
from warmup.schedule import (
    PRESETS,
    STANDARD,
    Pace,
    daily_limit,
    days_needed,
    stages,
    upcoming,
)

STANDARD_DAYS = [
    (range(1, 3), 50),
    (range(3, 5), 100),
    (range(5, 8), 500),
    (range(8, 11), 1_000),
    (range(11, 15), 5_000),
    (range(15, 22), 10_000),
    (range(22, 29), 50_000),
]
GMAIL, OUTLOOK = "gmail", "outlook"
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


class TestStages:
    def test_join_days_with_the_same_limit(self):
        found = [(stage.first_day, stage.last_day, stage.daily_limit) for stage in stages(STANDARD)]

        assert found == [(days[0], days[-1], limit) for days, limit in STANDARD_DAYS]

    @given(presets)
    def test_are_the_days_of_the_preset_without_a_gap(self, preset):
        limits = [
            limit.daily_limit
            for limit in stages(preset)
            for _ in range(limit.first_day, limit.last_day + 1)
        ]

        assert tuple(limits) == PRESETS[preset].limits


def pace(day: int, *, used: int = 0, **others) -> Pace:
    """Return the pace of an IP on a day of the standard schedule of which so much was used."""
    limit = daily_limit(day)
    return Pace(left=10**12 if limit is None else limit - used, next_day=day + 1, **others)


paces = st.builds(
    Pace,
    left=st.integers(0, 50_000),
    next_day=st.integers(1, 40),
    preset=presets,
    resting_days=st.integers(0, 3),
)


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
        assert days_needed({GMAIL: messages}, [pace(day, used=used)]) == days

    def test_adds_up_the_ips(self):
        # 50 + 100 today, 50 + 100 tomorrow, 100 + 500 on the day after.
        both = [pace(1), pace(3)]

        found = [days_needed({GMAIL: n}, both) for n in (150, 151, 300, 301, 900, 901)]

        assert found == [1, 2, 2, 3, 3, 4]

    def test_takes_nothing_on_days_of_rest(self):
        resting = Pace(left=0, next_day=1, resting_days=2)

        assert days_needed({GMAIL: 1}, [resting]) == 4
        assert days_needed({GMAIL: 51}, [resting]) == 5

    def test_refuses_to_forecast_without_an_ip(self):
        with pytest.raises(ValueError, match="nothing ever"):
            days_needed({GMAIL: 1}, [])

    @given(st.integers(0, 10**6), st.integers(1, 40))
    def test_is_what_the_days_hold(self, messages, day):
        days = days_needed({GMAIL: messages}, [pace(day)])
        limits = upcoming(day, days=days)

        if None not in limits:
            assert sum(limits) >= messages
            assert sum(limits[:-1]) < messages or not messages

    @given(st.integers(0, 10**6), st.lists(paces, min_size=1, max_size=4), paces)
    def test_never_grows_with_another_ip_nor_falls_with_another_message(self, number, ips, other):
        days = days_needed({GMAIL: number}, ips)

        more = days_needed({GMAIL: number + 1}, ips)
        assert days_needed({GMAIL: number}, [*ips, other]) <= days <= more

    def test_waits_for_a_provider_that_gets_a_part_of_each_day(self):
        # Of 50, 50, 100 and 100 a day, Gmail gets at most two fifths: 20, 20, 40 and 40.
        halved = pace(1, caps=(Cap(GMAIL, share=0.4),), capped={GMAIL: 20})

        found = [days_needed({GMAIL: number}, [halved]) for number in (20, 21, 80, 81)]

        assert found == [1, 2, 3, 4]

    def test_gives_others_what_a_capped_provider_leaves(self):
        capped = pace(1, caps=(Cap(GMAIL, messages=10),), capped={GMAIL: 10})

        assert days_needed({GMAIL: 10, OUTLOOK: 40}, [capped]) == 1
        assert days_needed({GMAIL: 11, OUTLOOK: 39}, [capped]) == 2

    @given(
        st.dictionaries(st.sampled_from([GMAIL, OUTLOOK]), st.integers(0, 10**5)),
        st.integers(1, 28),
        st.integers(1, 1000),
    )
    def test_never_falls_with_a_cap(self, by_provider, day, messages):
        cap = Cap(GMAIL, messages=messages)
        capped = pace(day, caps=(cap,), capped={GMAIL: cap.of(daily_limit(day))})

        days = days_needed(by_provider, [capped])

        assert days >= days_needed(by_provider, [pace(day)])
        assert days <= 30
