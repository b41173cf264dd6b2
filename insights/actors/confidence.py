"""How sure a verdict is, from the names of the rules that led to it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from insights.actors.rules import RULES
from insights.actors.verdicts import UNDECIDED

_WEIGHTS: Final = {rule.name: rule.weight for rule in RULES}


def confidence(reasons: Iterable[str]) -> float:
    """Return how sure we are, in [0, 1]; 0 where the reasons decide nothing."""
    weight = abs(math.fsum(_WEIGHTS.get(reason, 0.0) for reason in reasons))
    return 0.0 if weight < UNDECIDED else round(1 / (1 + math.exp(-weight)), 3)
