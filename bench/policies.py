"""Ways to share mail out among sending IPs, to be compared in the simulated world."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from bench.providers import PROVIDERS, STEPS_PER_DAY, Taken, World
from iprouting.reputation import Counts, score
from iprouting.routing import Contender, best_of, score_at, shares
from iprouting.turns import largest_remainder, turns

GOLDEN: Final = 0.618033988749895  # its multiples spread evenly over [0, 1)


@dataclass(slots=True)
class Memory:
    """What became of the mail of the last 24 hours, by (IP, provider), as routing gets it."""

    steps: deque[dict[tuple[str, str], Counts]] = field(default_factory=deque)
    sums: dict[tuple[str, str], Counts] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin a step: what was learned so far becomes known, what is a day old is forgotten."""
        if self.steps:
            for key, counts in self.steps[-1].items():
                self.sums[key] = self.sums.get(key, Counts()) + counts
        if len(self.steps) == STEPS_PER_DAY:
            for key, counts in self.steps.popleft().items():
                self.sums[key] += _negative(counts)
        self.steps.append({})

    def learn(self, ip: int, provider: int, taken: Taken) -> None:
        """Note what became of messages."""
        key = (name_of(ip), PROVIDERS[provider].name)
        sent = taken.delivered + taken.refused
        new = Counts(sent, taken.delivered, taken.refused, taken.complained)
        self.steps[-1][key] = self.steps[-1].get(key, Counts()) + new


def _negative(counts: Counts) -> Counts:
    return Counts(-counts.sent, -counts.delivered, -counts.bounced, -counts.complained)


def name_of(ip: int) -> str:
    """Return the address of an IP of the world."""
    return f"192.0.2.{ip}"


@dataclass(slots=True)
class Learner(ABC):
    """A policy: it deals messages for a provider out to the IPs that may carry them."""

    ip_count: int
    seed: int
    memory: Memory = field(default_factory=Memory)

    @abstractmethod
    def deal(self, count: int, *, provider: int, able: Sequence[int], step: int) -> dict[int, int]:
        """Return how many each IP gets."""

    def begin(self) -> None:
        """Begin a step."""
        self.memory.begin()

    def learn(self, ip: int, provider: int, taken: Taken) -> None:
        """Take note of what became of messages."""
        self.memory.learn(ip, provider, taken)


@dataclass(slots=True)
class Random(Learner):
    """Any IP, by chance."""

    def deal(self, count: int, *, provider: int, able: Sequence[int], step: int) -> dict[int, int]:
        """Return how many each IP gets."""
        chance = random.Random(f"{self.seed} {step} {provider} {len(able)}")
        return Counter(chance.choices(able, k=count))


@dataclass(slots=True)
class RoundRobin(Learner):
    """One after the other."""

    def deal(self, count: int, *, provider: int, able: Sequence[int], step: int) -> dict[int, int]:
        """Return how many each IP gets."""
        first = (step + provider) % len(able)
        turned = [*able[first:], *able[:first]]
        parts = largest_remainder([1.0] * len(able), total=count)
        return dict(zip(turned, parts, strict=True))


@dataclass(slots=True)
class BestOnly(Learner):
    """Always the highest plain score of the last 24 hours; an IP without data counts 0."""

    def deal(self, count: int, *, provider: int, able: Sequence[int], step: int) -> dict[int, int]:
        """Return how many each IP gets."""
        name = PROVIDERS[provider].name

        def plain(ip: int) -> float:
            return score(self.memory.sums.get((name_of(ip), name), Counts())) or 0.0

        return {max(able, key=plain): count}


@dataclass(slots=True)
class Router(Learner):
    """The router of the product: iprouting.routing and iprouting.turns."""

    incumbents: dict[int, int] = field(default_factory=dict)
    dealt: int = 0

    def deal(self, count: int, *, provider: int, able: Sequence[int], step: int) -> dict[int, int]:
        """Return how many each IP gets."""
        pool = [name_of(ip) for ip in range(self.ip_count)]
        rivals = [
            Contender(ip, score_at(name, name_of(ip), reputation=self.memory.sums, pool=pool))
            for name in [PROVIDERS[provider].name]
            for ip in able
        ]
        incumbent = self.incumbents.get(provider)
        given = shares(rivals, incumbent=incumbent)
        best = best_of(rivals, incumbent=incumbent)
        if best is not None:
            self.incumbents[provider] = best
        self.dealt += 1
        return Counter(islice(turns(given, seed=self.dealt * GOLDEN % 1), count))


@dataclass(slots=True)
class Oracle(Learner):
    """Knows what each provider would do, and never sends more than it takes."""

    world: World | None = None

    def deal(self, count: int, *, provider: int, able: Sequence[int], step: int) -> dict[int, int]:
        """Return how many each IP gets."""
        assert self.world is not None
        world, given = self.world, dict[int, int]()
        for ip in sorted(able, key=lambda ip: -world.chance(ip, provider, step=step)):
            given[ip] = min(count - sum(given.values()), world.left(ip, provider))
        return given


POLICIES: Final[Mapping[str, type[Learner]]] = {
    "random": Random,
    "round robin": RoundRobin,
    "best only": BestOnly,
    "router": Router,
    "oracle": Oracle,
}
