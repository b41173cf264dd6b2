"""What was weighed when an IP was chosen, as it is kept and as it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from iprouting.reputation import Counts
from iprouting.routing import EXPLORING_SHARE, TELLING_SAMPLE, Obstacle, Rule

KEPT_FOR: Final = timedelta(days=60)  # then only the IP itself is known of a message

_OBSTACLES: Final = {
    Obstacle.OTHER_STREAM: "carries mail of another kind",
    Obstacle.THROTTLED: "was left alone, because this provider asked it to slow down",
    Obstacle.NO_ROOM: "had no room left for that day",
    Obstacle.PROVIDER_CAP: "had sent this provider what its warm-up allows for that day",
    Obstacle.ENGAGED_FIRST: "is warming up, and kept its room for more engaged people",
    Obstacle.FALLBACK: "only stands in for others, and was not needed",
}
_RULES: Final = {
    Rule.BEST: "had the best score at this provider",
    Rule.SHARED: "was as good as the best at this provider; such IPs share the mail by their room",
    Rule.WARMING: "is warming up: what it may send in a day is used before other IPs",
    Rule.EXPLORING: "is not the best but healthy; such IPs get "
    f"{100 * EXPLORING_SHARE:.0f}\N{NO-BREAK SPACE}% of the mail, "
    "so that their scores stay up to date",
    Rule.RESERVE: "had a lower score, and waited until better ones have no room",
}


@dataclass(frozen=True, slots=True)
class Considered:
    """One IP as it stood when a provider's mail was shared out.

    Exactly one of `obstacle` and `rule` is set; `fraction` is its share of the mail.
    """

    ip_id: int
    address: str
    counts: Counts
    score: float
    room: int | None
    warming: bool
    obstacle: Obstacle | None
    rule: Rule | None
    fraction: float

    def stored(self) -> list[Any]:
        """Return it as a list for JSON, as `read` takes it."""
        counts = self.counts
        return [
            self.ip_id,
            self.address,
            [counts.sent, counts.delivered, counts.bounced, counts.complained],
            round(self.score, 4),
            self.room,
            self.warming,
            self.obstacle,
            self.rule,
            round(self.fraction, 4),
        ]

    @property
    def words(self) -> str:
        """What was decided about it, to be read after its address."""
        if self.obstacle is not None:
            return _OBSTACLES[self.obstacle]
        return _RULES[self.rule] if self.rule is not None else ""


def read(stored: Sequence[Any]) -> Considered:
    """Return what `stored` gave."""
    ip_id, address, counts, score, room, warming, obstacle, rule, fraction = stored
    return Considered(
        ip_id,
        address,
        Counts(*counts),
        score,
        room,
        warming,
        Obstacle(obstacle) if obstacle else None,
        Rule(rule) if rule else None,
        fraction,
    )


def key_of(provider: str, *, engaged: bool) -> str:
    """Return under which name a batch keeps what was weighed for a provider's messages."""
    return provider if engaged else f"{provider}:others"


def weighed_for(
    weighed: Mapping[str, Sequence[Sequence[Any]]], provider: str, *, engaged: bool
) -> list[Considered]:
    """Return what was weighed for such a message; only where it differs are the others apart."""
    rows = None if engaged else weighed.get(key_of(provider, engaged=False))
    return [read(row) for row in rows or weighed.get(provider, ())]


def why(considered: Sequence[Considered], ip_id: int) -> str:
    """Return in a sentence or two why this IP was chosen; empty if it was not among them."""
    chosen = next((one for one in considered if one.ip_id == ip_id), None)
    if chosen is None:
        return ""
    if len(considered) == 1:
        return "It was the only sending IP in use for this kind of mail."
    able = [one for one in considered if one.obstacle is None]
    if able == [chosen]:
        return "It was the only one that could take the message at that moment."
    if not chosen.fraction:
        return "The better ones ran out of room while this batch went out."
    return f"It {chosen.words}.{_sample(chosen)}"


def _sample(chosen: Considered) -> str:
    size = chosen.counts.handed_over
    if not size:
        return " It had sent nothing there in 24 hours, so it was judged by its pool."
    if size < TELLING_SAMPLE:
        return f" That was judged by {size} of its messages, and mostly by its pool."
    return ""
