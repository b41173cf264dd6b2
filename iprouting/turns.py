"""Whose turn it is: the messages of a batch dealt out to IPs by their shares, not by chance."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from iprouting.routing import Share

ROUND: Final = 400  # messages; the share that explores (3 %) is twelve of them


def turns(shares: Sequence[Share], *, seed: float) -> Iterator[int]:
    """Yield without end the IP that takes the next message; nothing if nobody has a share.

    Within a round each IP has as many turns as the largest remainder of its share gives it, spread
    evenly, so that any stretch of messages is shared out about as a round is. `seed` in [0, 1) says
    where in the round to begin: short batches with differing seeds add up to the shares.
    """
    counts = largest_remainder([share.fraction for share in shares], total=ROUND)
    held = tuple((share.ip_id, n) for share, n in zip(shares, counts, strict=True) if n)
    if len(held) == 1:
        return itertools.repeat(held[0][0])
    order = _spread(held)
    start = int(seed * len(order))
    return itertools.cycle(order[start:] + order[:start])


def largest_remainder(fractions: Sequence[float], *, total: int) -> list[int]:
    """Return whole numbers that add up to `total` and are less than 1 away from their fractions.

    Who comes first wins a tie. All zeros where the fractions are.
    """
    whole = sum(fractions)
    if whole <= 0:
        return [0] * len(fractions)
    exact = [fraction / whole * total for fraction in fractions]
    counts = [int(number) for number in exact]
    left = total - sum(counts)
    by_remainder = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for index in by_remainder[:left]:
        counts[index] += 1
    return counts


@functools.lru_cache(maxsize=1024)
def _spread(held: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """Return a round in which the turns of each IP lie as far apart as they can."""
    places = [((turn + 0.5) / count, ip_id) for ip_id, count in held for turn in range(count)]
    return tuple(ip_id for _, ip_id in sorted(places))
