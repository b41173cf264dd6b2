"""How much more arrives by choosing the IP well: `python -m bench.routing [--days N --seeds N]`.

Plays the router against random choice, round robin, the best score alone and an oracle, in a world
of mailbox providers (bench/providers.py) over simulated weeks, and prints a table. Whatever the
policy, a provider that answers 421 to an IP is left alone by it until the next half hour, and what
was put off tries another IP, then waits.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from statistics import mean
from typing import Final

from bench.policies import POLICIES, Learner, Oracle
from bench.providers import PROVIDERS, World

DAYS: Final = 30
SEEDS: Final = 5
IPS, WARM_IPS = 8, 6  # two are new
ORACLE: Final = "oracle"


@dataclass(slots=True)
class Outcome:
    """What became of all messages under one policy."""

    messages: int = 0
    delivered: int = 0
    refused: int = 0
    put_off: int = 0  # answers, not messages
    waiting: int = 0  # at the end

    @property
    def share(self) -> float:
        """The part of all messages that was delivered."""
        return self.delivered / self.messages


def play(name: str, *, seed: int, days: int = DAYS) -> Outcome:
    """Return what becomes of the mail of so many days under a policy."""
    world = World(IPS, WARM_IPS, days, seed)
    policy: Learner = POLICIES[name](IPS, seed)
    if isinstance(policy, Oracle):
        policy.world = world
    outcome = Outcome()
    waiting = [0] * len(PROVIDERS)
    for step in range(world.steps):
        world.begin()
        policy.begin()
        for number, provider in enumerate(PROVIDERS):
            outcome.messages += provider.mail
            count = waiting[number] + provider.mail
            waiting[number] = _send(count, number, policy, world, step, outcome)
        world.end()
    outcome.waiting = sum(waiting)
    return outcome


def _send(
    count: int, provider: int, policy: Learner, world: World, step: int, outcome: Outcome
) -> int:
    """Hand messages over until none is left or every IP was told to slow down; return the rest."""
    able = list(range(world.ip_count))
    while count and able:
        dealt = policy.deal(count, provider=provider, able=able, step=step)
        handed_over = 0
        for ip, given in sorted(dealt.items()):
            taken = world.hand_over(ip, provider, count=given, step=step)
            policy.learn(ip, provider, taken)
            outcome.delivered += taken.delivered
            outcome.refused += taken.refused
            outcome.put_off += taken.deferred
            handed_over += taken.delivered + taken.refused
            if taken.deferred:
                able.remove(ip)
        count -= handed_over
        if not handed_over and sum(dealt.values()) == 0:
            break
    return count


def compare(*, days: int = DAYS, seeds: int = SEEDS) -> dict[str, list[Outcome]]:
    """Return what became of the mail under each policy, for each seed."""
    return {
        name: [play(name, seed=seed, days=days) for seed in range(1, seeds + 1)]
        for name in POLICIES
    }


def table(outcomes: dict[str, list[Outcome]]) -> str:
    """Return the outcomes as a Markdown table, means over the seeds."""
    best = [one.delivered for one in outcomes[ORACLE]]
    lines = [
        "| policy | delivered | of the oracle's | worst seed | refused | put off | waiting |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, found in outcomes.items():
        parts = [one.delivered / most for one, most in zip(found, best, strict=True)]
        refused = mean(one.refused / one.messages for one in found)
        put_off = mean(one.put_off / one.messages for one in found)
        waiting = mean(one.waiting for one in found)
        lines.append(
            f"| {name} | {mean(one.share for one in found):.2%} | {mean(parts):.2%} "
            f"| {min(parts):.2%} | {refused:.2%} | {put_off:.2%} | {waiting:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compare ways to choose the sending IP.")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    asked = parser.parse_args()
    print(table(compare(days=asked.days, seeds=asked.seeds)))


if __name__ == "__main__":
    main()
