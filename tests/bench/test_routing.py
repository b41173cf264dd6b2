"""The simulated world, and that the router does well in it."""

from __future__ import annotations

import pytest

from bench.policies import POLICIES
from bench.providers import PROVIDERS, STEPS_PER_DAY, World
from bench.routing import compare, play, table

DAYS, SEEDS = 4, 1


@pytest.fixture(scope="module")
def outcomes():
    return compare(days=DAYS, seeds=SEEDS)


class TestCompare:
    def test_loses_no_message(self, outcomes):
        sent = DAYS * STEPS_PER_DAY * sum(provider.mail for provider in PROVIDERS)

        for (one,) in outcomes.values():
            assert one.messages == sent == one.delivered + one.refused + one.waiting

    def test_finds_the_router_near_the_oracle_and_clearly_above_round_robin(self, outcomes):
        delivered = {name: found[0].delivered for name, found in outcomes.items()}
        lost = {name: found[0].refused for name, found in outcomes.items()}

        assert delivered["router"] >= 0.97 * delivered["oracle"]
        assert lost["router"] < lost["round robin"] / 2

    def test_is_written_as_a_table(self, outcomes):
        lines = table(outcomes).splitlines()

        assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == list(POLICIES)
        assert "100.00%" in lines[-1]

    def test_comes_out_the_same_again(self, outcomes):
        assert play("router", seed=1, days=DAYS) == outcomes["router"][0]


class TestWorld:
    def test_takes_little_from_a_new_ip_and_says_so(self):
        world = World(ip_count=2, warm_count=1, days=1, seed=3)

        warm = world.hand_over(0, 0, count=100, step=0)
        new = world.hand_over(1, 0, count=100, step=0)

        assert warm.deferred == 0
        assert new.deferred > 50
        assert world.answers[PROVIDERS[0].manner.slow_down] == new.deferred

    def test_comes_to_trust_an_ip_that_is_used(self):
        world = World(ip_count=1, warm_count=0, days=5, seed=3)
        before = world.left(0, 0)

        for step in range(world.steps):
            world.begin()
            world.hand_over(0, 0, count=world.left(0, 0), step=step)
            world.end()
        world.begin()

        assert world.left(0, 0) > 5 * before
