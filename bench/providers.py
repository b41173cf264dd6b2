"""A small world of mailbox providers for comparing routing policies over simulated weeks.

Providers trust an IP by its history, as those of the sandbox do (sandbox/trust.py): they take
little from a new one and ask it to slow down beyond that. Now and then one of them, or all, block
an IP for some hours. What happens to whom is fixed by the seed; trust alone follows from what a
policy sends. The figures are made up to be plausible; what they are good for is comparing policies.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sandbox.providers import Wording
from sandbox.trust import MANNERS, NEW, STEP, WARM, Manner, Standing

STEPS_PER_DAY: Final = timedelta(days=1) // STEP
UNTRUSTED_LOSS: Final = 0.03  # of the mail of an IP without any trust is refused
GONE: Final = 0.004  # of the addresses do not exist, whatever the IP
COMPLAINING: Final = 0.0002  # of the delivered
TROUBLE_A_DAY: Final = 0.1  # chance that one provider begins to block an IP
LISTED_A_DAY: Final = 0.02  # chance that an IP gets on a list that all of them use
TROUBLE_STEPS: Final = (8, 96)  # how long that lasts
TROUBLE_SHARE: Final = (0.2, 0.95)  # of the mail refused meanwhile


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox provider: how much mail goes there in a step, and how it treats IPs."""

    name: str
    mail: int

    @property
    def manner(self) -> Manner:
        """How it treats IPs."""
        return MANNERS[self.name]


PROVIDERS: Final = (
    Provider("gmail", 900),
    Provider("outlook", 500),
    Provider("yahoo", 400),
    Provider("apple", 150),
    Provider("gmx", 100),
)


@dataclass(slots=True)
class Taken:
    """What became of the messages that were handed to one IP for one provider in a step."""

    delivered: int
    refused: int
    complained: int
    deferred: int


@dataclass(slots=True)
class World:
    """IPs as the providers see them. Some are warm, the others were never used."""

    ip_count: int
    warm_count: int
    days: int
    seed: int
    answers: Counter[Wording] = field(default_factory=Counter)
    _standing: dict[tuple[int, int], Standing] = field(init=False)
    _trouble: dict[tuple[int, int], list[float]] = field(init=False)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._standing = {
            (ip, provider): Standing(WARM if ip < self.warm_count else NEW)
            for ip in range(self.ip_count)
            for provider in range(len(PROVIDERS))
        }
        self._trouble = self._fated(random.Random(self.seed))
        self._chance = random.Random(self.seed + 1)
        self.begin()

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self.days * STEPS_PER_DAY

    def begin(self) -> None:
        """Begin a step: every provider takes as much as it trusts each IP with."""
        for (_, provider), one in self._standing.items():
            one.begin(limit=PROVIDERS[provider].manner.limit)

    def end(self) -> None:
        """End a step: trust follows from what was sent in it."""
        for one in self._standing.values():
            one.end()

    def chance(self, ip: int, provider: int, *, step: int) -> float:
        """Return what part of the mail is delivered: what only an oracle knows."""
        doubted = UNTRUSTED_LOSS * (1 - self._standing[ip, provider].trust)
        return 1 - min(GONE + doubted + self._trouble[ip, provider][step], 1.0)

    def left(self, ip: int, provider: int) -> int:
        """Return how much is taken in this step before it is too much."""
        return self._standing[ip, provider].left

    def hand_over(self, ip: int, provider: int, *, count: int, step: int) -> Taken:
        """Return what became of so many messages."""
        one = self._standing[ip, provider]
        looked_at = one.take(count)
        refused = self._drawn(looked_at, 1 - self.chance(ip, provider, step=step))
        delivered = looked_at - refused
        complained = self._drawn(delivered, COMPLAINING)
        taken = Taken(delivered, refused, complained, deferred=count - looked_at)
        manner = PROVIDERS[provider].manner
        self.answers[manner.blocked] += taken.refused
        self.answers[manner.slow_down] += taken.deferred
        return taken

    def _drawn(self, count: int, share: float) -> int:
        """Return to how many of `count` something happens that happens to such a share of all."""
        if share <= 0:
            return 0
        if share > 0.5:
            return count - self._drawn(count, 1 - share)
        found, place = 0, 0
        while True:  # from one it happens to, to the next
            place += 1 + int(math.log(1 - self._chance.random()) / math.log(1 - share))
            if place > count:
                return found
            found += 1

    def _fated(self, fate: random.Random) -> dict[tuple[int, int], list[float]]:
        trouble = {key: [0.0] * self.steps for key in self._standing}
        for day in range(self.days):
            for ip in range(self.ip_count):
                listed = fate.random() < LISTED_A_DAY
                for provider in range(len(PROVIDERS)):
                    if fate.random() < TROUBLE_A_DAY or listed:
                        _trouble(trouble[ip, provider], day, fate)
        return trouble


def _trouble(shares: list[float], day: int, fate: random.Random) -> None:
    """Have a provider refuse a share of an IP's mail for some steps from that day on."""
    begins = day * STEPS_PER_DAY + fate.randrange(STEPS_PER_DAY)
    share = fate.uniform(*TROUBLE_SHARE)
    for step in range(begins, min(begins + fate.randrange(*TROUBLE_STEPS), len(shares))):
        shares[step] = max(shares[step], share)
