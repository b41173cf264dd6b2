"""Whether a person or a machine opened or clicked."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import Final

from insights.actors.hits import Context, Hit, Verdict
from insights.actors.rules import RULES, Rule, look
from insights.actors.scene import Scene
from insights.events import Actor

UNDECIDED: Final = 0.5  # weights that add up to less, either way, decide nothing


def judge(hit: Hit, context: Context) -> Verdict:
    """Return who caused a hit, by what is known now.

    `context.others` are the hits of the same message so far; the more of them are known, the better
    the verdict. See `revise`.
    """
    return _verdict(hit, Scene([*context.others, hit], context))


def revise(hits: Iterable[Hit], context: Context) -> dict[Hashable, Verdict]:
    """Return, by id, who caused each of the hits of one message.

    It is best done some time after delivery, when scanners are through and the time of delivery is
    known. The order in which the hits are given makes no difference; `context.others` are looked at
    but not judged.
    """
    judged = list(hits)
    scene = Scene([*context.others, *judged], context)
    return {hit.id: _verdict(hit, scene) for hit in judged}


def _verdict(hit: Hit, scene: Scene) -> Verdict:
    seen = look(hit, scene)
    evidence = [rule for rule in RULES if rule.applies(seen)]
    weight = math.fsum(rule.weight for rule in evidence)
    reasons = _reasons(evidence)
    seconds = None if seen.since is None else seen.since.total_seconds()
    if abs(weight) < UNDECIDED:
        return Verdict(Actor.UNKNOWN, 0.0, reasons, seconds)
    actor = Actor.MACHINE if weight > 0 else Actor.HUMAN
    return Verdict(actor, round(1 / (1 + math.exp(-abs(weight))), 3), reasons, seconds)


def _reasons(evidence: Sequence[Rule]) -> tuple[str, ...]:
    """Return the names of rules, the weightiest first."""
    return tuple(rule.name for rule in sorted(evidence, key=lambda rule: -abs(rule.weight)))
