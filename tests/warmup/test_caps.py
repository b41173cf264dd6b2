"""Limits for single providers within a day's limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import DomainError
from warmup.caps import MOST_CAPS, Cap, checked, limits, read, stored

names = st.sampled_from(["gmail", "outlook", "yahoo", "other"])
caps = st.one_of(
    st.builds(Cap, names, share=st.floats(0.0001, 1)),
    st.builds(Cap, names, messages=st.integers(1, 10**6)),
)


class TestCap:
    @pytest.mark.parametrize(
        ("cap", "daily_limit", "allowed"),
        [
            (Cap("gmail", share=0.4), 50, 20),
            (Cap("gmail", share=0.29), 100, 29),  # as a float it would be 28.999...
            (Cap("gmail", share=0.4), 51, 20),
            (Cap("gmail", share=0.01), 50, 1),
            (Cap("gmail", share=1.0), 50, 50),
            (Cap("gmail", messages=2_000), 50, 50),
            (Cap("gmail", messages=2_000), 50_000, 2_000),
        ],
    )
    def test_is_a_part_of_the_days_limit(self, cap, daily_limit, allowed):
        assert cap.of(daily_limit) == allowed

    @given(caps, st.integers(1, 10**6), st.integers(0, 10**4))
    def test_lets_somebody_through_and_never_more_than_the_day_and_grows_with_it(
        self, cap, daily_limit, more
    ):
        allowed = cap.of(daily_limit)

        assert 1 <= allowed <= daily_limit
        assert allowed <= cap.of(daily_limit + more)

    @pytest.mark.parametrize(
        ("cap", "words"),
        [
            (Cap("gmail", share=0.4), "40 % of the day's limit"),
            (Cap("gmail", share=0.125), "12.5 % of the day's limit"),
            (Cap("gmail", messages=2_000), "2,000 a day"),
        ],
    )
    def test_is_said_in_words(self, cap, words):
        assert cap.words == words


class TestChecked:
    @pytest.mark.parametrize(
        "wrong",
        [
            Cap("gmail"),
            Cap("gmail", share=0.4, messages=5),
            Cap("gmail", share=0),
            Cap("gmail", share=1.01),
            Cap("gmail", messages=0),
            Cap("", messages=5),
            Cap("x" * 41, messages=5),
        ],
    )
    def test_refuses_what_cannot_be_obeyed(self, wrong):
        with pytest.raises(DomainError) as refused:
            checked([wrong])

        assert (refused.value.code, refused.value.extra["field"]) == (
            "caps_invalid",
            "provider_caps",
        )

    def test_refuses_to_cap_a_provider_twice(self):
        with pytest.raises(DomainError, match="once"):
            checked([Cap("gmail", messages=5), Cap("gmail", share=0.4)])

    def test_refuses_too_many(self):
        with pytest.raises(DomainError, match="At most"):
            checked([Cap(f"p{n}", messages=5) for n in range(MOST_CAPS + 1)])


class TestStored:
    @given(st.lists(caps))
    def test_is_read_as_it_was(self, some):
        assert read(stored(some)) == tuple(some)


class TestLimits:
    def test_are_of_those_with_a_cap(self):
        some = [Cap("gmail", share=0.5), Cap("outlook", messages=10)]

        assert limits(some, daily_limit=50) == {"gmail": 25, "outlook": 10}
