"""Whether two shares differ, or may differ by chance alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

CLEAR: Final = 1.96  # standard errors: chance alone would do that one time in twenty


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the second share is above the first, and whether that is more than chance."""

    points: float  # of 100
    is_clear: bool


def difference(first: tuple[int, int], second: tuple[int, int]) -> Difference | None:
    """Return how two shares, each a part of a whole, differ; None where one has no whole.

    The test is the usual one of two proportions, with the share of both together.
    """
    (part, whole), (other_part, other_whole) = first, second
    if whole <= 0 or other_whole <= 0:
        return None
    share, other_share = min(part / whole, 1.0), min(other_part / other_whole, 1.0)
    pooled = min((part + other_part) / (whole + other_whole), 1.0)
    error = math.sqrt(pooled * (1 - pooled) * (1 / whole + 1 / other_whole))
    clear = error > 0 and abs(other_share - share) / error >= CLEAR
    return Difference(100 * (other_share - share), clear)
