"""A small world of mailbox providers for comparing routing policies over simulated weeks.

Providers trust an IP by its history: they take little from a new one and answer 421 beyond that,
they drift away from one that is silent, and now and then one of them, or all, block an IP for some
hours. What happens to whom is fixed by the seed; trust alone follows from what a policy sends.
The figures are made up to be plausible; what they are good for is comparing policies.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

STEPS_PER_DAY: Final = 48  # half an hour each
WARM, NEW = 0.9, 0.05  # trust at the beginning
LEAST_TRUST: Final = 0.02
LEAST_TAKEN: Final = 2  # messages in a step, even from an IP without any trust
TRUST_GAIN: Final = 0.004  # of what is missing, for each step in which mail was taken
TRUST_FADE: Final = 0.0005  # for each step of silence
TRUST_LOSS: Final = 0.001  # for each step in which too much was sent
UNTRUSTED_LOSS: Final = 0.03  # of the mail of an IP without any trust is refused
GONE: Final = 0.004  # of the addresses do not exist, whatever the IP
COMPLAINING: Final = 0.0002  # of the delivered
TROUBLE_A_DAY: Final = 0.1  # chance that one provider begins to block an IP
LISTED_A_DAY: Final = 0.02  # chance that an IP gets on a list that all of them use
TROUBLE_STEPS: Final = (8, 96)  # how long that lasts
TROUBLE_SHARE: Final = (0.2, 0.95)  # of the mail refused meanwhile


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox provider: how much mail goes there in a step, what it takes from a trusted IP."""

    name: str
    mail: int
    limit: int
    slow_down: str
    blocked: str


PROVIDERS: Final = (
    Provider(
        "gmail",
        900,
        700,
        "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail from your IP address.",
        "550 5.7.1 Gmail has detected that this message is likely unsolicited mail.",
    ),
    Provider(
        "outlook",
        500,
        350,
        "451 4.7.650 The mail server has been temporarily rate limited due to IP reputation.",
        "550 5.7.1 Part of your network is on our block list (S3150).",
    ),
    Provider(
        "yahoo",
        400,
        300,
        "421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume.",
        "553 5.7.1 [BL21] Connections will not be accepted from this address.",
    ),
    Provider(
        "apple",
        150,
        120,
        "451 4.7.0 [HCM1] Message deferred; try again later.",
        "550 5.7.1 [CS01] Message rejected due to local policy.",
    ),
    Provider(
        "gmx",
        100,
        90,
        "421 4.7.0 Too many connections from your network.",
        "554 5.7.1 Transaction failed; reject due to policy restrictions.",
    ),
)


@dataclass(slots=True)
class Taken:
    """What became of the messages that were handed to one IP for one provider in a step."""

    delivered: int
    refused: int
    complained: int
    deferred: int


@dataclass(slots=True)
class Standing:
    """How one provider sees one IP: by its history, and in the step that goes on."""

    trust: float
    left: int = 0  # what it still takes before it is too much
    used: bool = False
    pushed: bool = False  # whether too much was sent


@dataclass(slots=True)
class World:
    """IPs as the providers see them. Some are warm, the others were never used."""

    ip_count: int
    warm_count: int
    days: int
    seed: int
    answers: Counter[str] = field(default_factory=Counter)
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
            one.left = max(int(one.trust * PROVIDERS[provider].limit), LEAST_TAKEN)
            one.used = one.pushed = False

    def end(self) -> None:
        """End a step: trust follows from what was sent in it."""
        for one in self._standing.values():
            gain = TRUST_GAIN * (1 - one.trust) if one.used else -TRUST_FADE
            change = gain - (TRUST_LOSS if one.pushed else 0.0)
            one.trust = min(max(one.trust + change, LEAST_TRUST), 1.0)

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
        looked_at = min(count, one.left)
        refused = self._drawn(looked_at, 1 - self.chance(ip, provider, step=step))
        delivered = looked_at - refused
        complained = self._drawn(delivered, COMPLAINING)
        taken = Taken(delivered, refused, complained, deferred=count - looked_at)
        one.left -= looked_at
        one.used |= looked_at > 0
        one.pushed |= taken.deferred > 0
        self.answers[PROVIDERS[provider].blocked] += taken.refused
        self.answers[PROVIDERS[provider].slow_down] += taken.deferred
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
