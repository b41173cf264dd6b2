"""What a mailbox does with a message: decided by its address alone, so that a run can be repeated.

A local part such as `full+anything` asks for a behaviour; any other address gets one by a seeded
hash, in the shares that a well-kept list sees. See docs/sandbox.md.
"""

from __future__ import annotations

import enum
import functools
import hashlib
from dataclasses import dataclass

PER_MILLE = 1000
# Addresses of a thousand, taken by chance; everybody else accepts. A cared-for list bounces at 2 %.
UNKNOWN_PER_MILLE = 20
DEFER_PER_MILLE = 10
FULL_PER_MILLE = 4
BLOCK_PER_MILLE = 2
DECISIONS_KEPT = 10_000  # addresses; retries and later campaigns ask for the same ones again


class Behaviour(enum.StrEnum):
    """What a mailbox does."""

    ACCEPT = "accept"  # takes every message
    UNKNOWN = "unknown"  # does not exist
    FULL = "full"  # has no room
    DEFER = "defer"  # asks to try later once, then takes the message
    BLOCK = "block"  # its provider refuses the sender by policy
    BUSY = "busy"  # 421 and the connection closed once, then takes the message
    SLOW = "slow"  # takes the message after some seconds
    DROP = "drop"  # closes the connection once instead of answering the body, having kept it


# What happens once to each message and no more: trying again succeeds.
ONCE = frozenset({Behaviour.DEFER, Behaviour.BUSY, Behaviour.DROP})
_BY_PREFIX = {behaviour.value: behaviour for behaviour in Behaviour}
Shares = tuple[tuple[Behaviour, int], ...]  # of a thousand addresses
ORDINARY: Shares = (
    (Behaviour.UNKNOWN, UNKNOWN_PER_MILLE),
    (Behaviour.DEFER, DEFER_PER_MILLE),
    (Behaviour.FULL, FULL_PER_MILLE),
    (Behaviour.BLOCK, BLOCK_PER_MILLE),
)
# Of a provider that thinks little of the sender.
STRICT: Shares = (
    (Behaviour.UNKNOWN, UNKNOWN_PER_MILLE),
    (Behaviour.DEFER, 4 * DEFER_PER_MILLE),
    (Behaviour.FULL, FULL_PER_MILLE),
    (Behaviour.BLOCK, 45 * BLOCK_PER_MILLE),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The behaviour of one address, and whether its local part asked for it."""

    behaviour: Behaviour
    asked_for: bool


@functools.lru_cache(maxsize=DECISIONS_KEPT)
def decide(address: str, *, seed: int, shares: Shares = ORDINARY) -> Decision:
    """Return what the mailbox of `address` does; the same for the same seed, whatever the case."""
    local, _, _ = address.lower().rpartition("@")
    prefix, plus, _ = local.partition("+")
    if plus and prefix in _BY_PREFIX:
        return Decision(_BY_PREFIX[prefix], asked_for=True)
    return Decision(_by_chance(address.lower(), seed=seed, shares=shares), asked_for=False)


def _by_chance(address: str, *, seed: int, shares: Shares) -> Behaviour:
    digest = hashlib.blake2b(address.encode(), digest_size=8, key=str(seed).encode()).digest()
    drawn = int.from_bytes(digest) % PER_MILLE
    for behaviour, share in shares:
        if drawn < share:
            return behaviour
        drawn -= share
    return Behaviour.ACCEPT
