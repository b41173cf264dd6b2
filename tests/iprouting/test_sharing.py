"""Shares over thousands of messages, as batches of every size deal them out."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iprouting.reputation import Counts, score
from iprouting.routing import Contender, Rule, best_of, score_at, shares
from iprouting.turns import turns
from sending.plan import BatchFacts, CandidateIP, Deliver, RecipientFacts, plan_batch

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MESSAGES = 6_000
A, B, C = "203.0.113.1", "203.0.113.2", "203.0.113.3"


def carried(candidates: list[CandidateIP], *, seed: int = 1) -> Counter[int]:
    """Return how many of thousands of messages each IP carries, in batches of every size."""
    chance, used = random.Random(seed), Counter()
    while used.total() < MESSAGES:
        people = [
            RecipientFacts(number, "gmail", 1, "")
            for number in range(chance.choice([1, 3, 16, 100, 500]))
        ]
        facts = BatchFacts(NOW, "marketing", people, candidates, NOW, seed=chance.random())
        used.update(one.ip_id for one in plan_batch(facts) if isinstance(one, Deliver))
    return used


class TestTheTraffic:
    @settings(max_examples=20)
    @given(
        st.lists(st.integers(600, 100_000), min_size=1, max_size=5),
        st.integers(0, 99),
        st.booleans(),
    )
    def test_of_equals_is_by_room_within_a_twentieth(self, rooms, seed, warming):
        same = {"scores": {"gmail": 0.9}, "warming": warming}
        equals = [
            CandidateIP(number, f"192.0.2.{number}", "marketing", room, **same)
            for number, room in enumerate(rooms)
        ]

        used = carried(equals, seed=seed)

        for number, room in enumerate(rooms):
            assert used[number] / used.total() == pytest.approx(room / sum(rooms), abs=0.05)

    def test_of_the_best_leaves_its_share_to_exploring(self):
        best = CandidateIP(1, A, "marketing", scores={"gmail": 0.95})
        healthy = [
            CandidateIP(number, f"192.0.2.{number}", "marketing", scores={"gmail": 0.5})
            for number in (2, 3)
        ]
        refused = CandidateIP(4, "192.0.2.4", "marketing", scores={"gmail": -5.0})

        used = carried([best, *healthy, refused])

        assert used[1] / used.total() == pytest.approx(0.97, abs=0.01)
        assert used[2] / used.total() == pytest.approx(0.015, abs=0.01)
        assert used[3] / used.total() == pytest.approx(0.015, abs=0.01)
        assert used[4] == 0

    def test_does_not_swing_between_two_that_take_turns_at_being_a_little_better(self):
        incumbent, changes = None, 0
        for step in range(100):
            rivals = [Contender(1, 0.90 + 0.04 * (step % 2)), Contender(2, 0.92)]
            best = best_of(rivals, incumbent=incumbent)
            changes += incumbent is not None and best != incumbent
            incumbent = best

        assert changes == 0

    @given(
        st.lists(st.floats(-20, 1), min_size=1, max_size=6),
        st.lists(st.integers(1, 900), min_size=6, max_size=6),
        st.floats(0, 1, exclude_max=True),
    )
    def test_never_goes_to_one_without_a_share(self, scores, rooms, seed):
        rivals = [
            Contender(number, value, room)
            for number, (value, room) in enumerate(zip(scores, rooms, strict=False))
        ]
        given_shares = shares(rivals)
        dealt = turns(given_shares, seed=seed)

        used = {next(dealt) for _ in range(500)}

        assert used <= {share.ip_id for share in given_shares if share.rule is not Rule.RESERVE}


class TestScore:
    """Worked by hand, from raw counts of 24 hours: 500 messages and more decide alone."""

    @pytest.mark.parametrize(
        ("counts", "value"),
        [
            # 940/1000 - 10 * 60/1000 - 100 * 2/940 = 0.94 - 0.6 - 0.212766
            (Counts(1000, 940, 60, 2), 0.127234),
            # 499 of 500, nothing else said: 0.998
            (Counts(500, 499, 0, 0), 0.998),
            # 1980/2000 - 10 * 20/2000 - 100 * 1/1980 = 0.99 - 0.1 - 0.050505
            (Counts(2000, 1980, 20, 1), 0.839495),
            # nothing taken at the hand-over: 0 - 10
            (Counts(0, 0, 700, 0), -10.0),
        ],
    )
    def test_is_what_decides(self, counts, value):
        found = score_at("gmail", A, reputation={(A, "gmail"): counts}, pool=[A])

        assert score(counts) == pytest.approx(value, abs=1e-6)
        assert found == pytest.approx(value, abs=1e-6)

    def test_of_a_bad_ip_at_one_provider_moves_that_provider_alone(self):
        good, bad = Counts(1000, 990, 2), Counts(1000, 600, 400)
        providers = ("gmail", "yahoo", "outlook", "other")
        reputation = {(ip, name): good for ip in (A, B, C) for name in providers}
        reputation[A, "gmail"] = bad

        scores = {
            name: [score_at(name, ip, reputation=reputation, pool=[A, B, C]) for ip in (A, B, C)]
            for name in providers
        }

        of_a = {
            name: shares([Contender(n, value) for n, value in enumerate(found)])[0].fraction
            for name, found in scores.items()
        }
        assert of_a == {"gmail": 0, **dict.fromkeys(providers[1:], pytest.approx(1 / 3))}
