"""Messages dealt out by shares."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iprouting.routing import Contender, Rule, Share, shares
from iprouting.turns import ROUND, largest_remainder, turns


def dealt(*fractions, count, seed=0.0):
    """Return how many of the messages each IP (numbered from 1) gets."""
    given_shares = [Share(n, f, Rule.SHARED) for n, f in enumerate(fractions, start=1)]
    return Counter(islice(turns(given_shares, seed=seed), count))


class TestTurns:
    def test_are_nobodys_without_shares(self):
        assert list(turns([], seed=0.3)) == []

    def test_are_all_of_the_only_one(self):
        assert dealt(1.0, 0.0, count=7) == {1: 7}

    @pytest.mark.parametrize("seed", [0.0, 0.31, 0.999])
    def test_give_equals_the_same(self, seed):
        assert dealt(0.5, 0.5, count=100, seed=seed) == {1: 50, 2: 50}

    def test_are_the_same_for_the_same_seed(self):
        some = [Share(1, 0.6, Rule.SHARED), Share(2, 0.4, Rule.SHARED)]

        once, again = (list(islice(turns(some, seed=0.4), 50)) for _ in range(2))

        assert once == again

    def test_of_single_messages_add_up_to_the_shares(self):
        seeds = [n / 997 for n in range(997)]

        taken = sum((dealt(0.7, 0.27, 0.03, count=1, seed=seed) for seed in seeds), Counter())

        assert taken[1] / 997 == pytest.approx(0.7, abs=0.01)
        assert taken[3] / 997 == pytest.approx(0.03, abs=0.01)

    @given(
        rooms=st.lists(st.integers(500, 50_000), min_size=2, max_size=5),
        seed=st.floats(0, 1, exclude_max=True),
    )
    def test_share_equals_by_room_within_five_percent(self, rooms, seed):
        equals = [Contender(n, 0.9, room) for n, room in enumerate(rooms)]

        taken = Counter(islice(turns(shares(equals), seed=seed), 5 * ROUND))

        for number, room in enumerate(rooms):
            assert taken[number] / (5 * ROUND) == pytest.approx(room / sum(rooms), abs=0.05)

    @given(
        fractions=st.lists(st.floats(0.05, 1), min_size=2, max_size=6),
        count=st.integers(1, 500),
        seed=st.floats(0, 1, exclude_max=True),
    )
    def test_are_spread_evenly_over_any_stretch(self, fractions, count, seed):
        whole = sum(fractions)

        taken = dealt(*(f / whole for f in fractions), count=count, seed=seed)

        for number, fraction in enumerate(fractions, start=1):
            off = abs(taken[number] - count * fraction / whole)
            assert off <= 2 + count / ROUND


class TestLargestRemainder:
    @pytest.mark.parametrize(
        ("fractions", "total", "numbers"),
        [
            ([0.5, 0.5], 3, [2, 1]),
            ([0.41, 0.29, 0.3], 10, [4, 3, 3]),
            ([0.47, 0.16, 0.158, 0.12, 0.061, 0.031], 10, [5, 2, 1, 1, 1, 0]),
            ([0, 0], 5, [0, 0]),
            ([], 5, []),
        ],
    )
    def test_gives_what_is_left_to_the_largest(self, fractions, total, numbers):
        assert largest_remainder(fractions, total=total) == numbers

    @given(
        fractions=st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(sum),
        total=st.integers(0, 1000),
    )
    def test_adds_up_and_stays_within_one(self, fractions, total):
        numbers = largest_remainder(fractions, total=total)

        assert sum(numbers) == total
        for number, fraction in zip(numbers, fractions, strict=True):
            assert abs(number - fraction / sum(fractions) * total) < 1 + 1e-6
