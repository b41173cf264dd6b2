"""Limits for single mailbox providers within a day's limit of a warming IP.

A provider without one gets whatever the day's limit leaves. See docs/warmup.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from common.errors import DomainError

MOST_CAPS: Final = 20  # of one warm-up
LONGEST_PROVIDER: Final = 40  # characters; as in the ledger


@dataclass(frozen=True, slots=True)
class Cap:
    """How much of a day may go to a provider: a `share` of the day's limit, or so many `messages`.

    Exactly one of the two is given; `share` is above 0 and at most 1.
    """

    provider: str
    share: float | None = None
    messages: int | None = None

    def of(self, daily_limit: int) -> int:
        """Return how many messages that is on a day with such a limit, which it never exceeds.

        A share is rounded down, but never to nothing: nobody should wait for the whole schedule.
        """
        if self.messages is not None:
            return min(self.messages, daily_limit)
        return min(max(int(Fraction(str(self.share)) * daily_limit), 1), daily_limit)

    @property
    def words(self) -> str:
        """The cap as people read it."""
        if self.messages is not None:
            return f"{self.messages:,} a day"
        return f"{float(100 * Fraction(str(self.share))):g} % of the day's limit"


def checked(caps: Sequence[Cap]) -> tuple[Cap, ...]:
    """Return the caps. Raises DomainError `caps_invalid` unless each of them can be obeyed."""
    problem = next((found for cap in caps if (found := _problem(cap))), "")
    if len({cap.provider for cap in caps}) < len(caps):
        problem = "Each provider may be named once."
    if len(caps) > MOST_CAPS:
        problem = f"At most {MOST_CAPS} providers may have a limit of their own."
    if problem:
        raise DomainError("caps_invalid", problem, {"field": "provider_caps"})
    return tuple(caps)


def _problem(cap: Cap) -> str:
    if not cap.provider or len(cap.provider) > LONGEST_PROVIDER:
        return "Name the provider."
    if (cap.share is None) == (cap.messages is None):
        return f"For {cap.provider}, give a share of the day's limit or a number of messages."
    if cap.share is not None and not 0 < cap.share <= 1:
        return f"The share of {cap.provider} must be above 0 and at most 100 %."
    if cap.messages is not None and cap.messages < 1:
        return f"The number of messages for {cap.provider} must be at least 1."
    return ""


def stored(caps: Sequence[Cap]) -> list[dict[str, Any]]:
    """Return the caps as JSON, as `read` takes them."""
    return [
        {"provider": cap.provider, "share": cap.share}
        if cap.messages is None
        else {"provider": cap.provider, "messages": cap.messages}
        for cap in caps
    ]


def read(given: Sequence[Mapping[str, Any]]) -> tuple[Cap, ...]:
    """Return what `stored` gave."""
    return tuple(Cap(one["provider"], one.get("share"), one.get("messages")) for one in given)


def limits(caps: Sequence[Cap], *, daily_limit: int) -> dict[str, int]:
    """Return how much may go to each provider that has a cap, on a day with such a limit."""
    return {cap.provider: cap.of(daily_limit) for cap in caps}
