"""What the sandbox's providers object to in an IP that is new to them, by its history so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from sandbox.providers import Wording
from sandbox.trust import LEAST_TRUST, MANNERS, STEP, Manner, Standing

PATIENCE: Final = 20  # requests to slow down in a step; who goes on is refused
MOST_STEPS: Final = 10_000  # of silence that are reckoned with; trust is at its least long before


@dataclass(slots=True)
class _Known:
    """What a provider knows of an IP."""

    standing: Standing
    begun_at: dt.datetime
    objections: int = 0  # in this step


class Judge:
    """Providers' opinion of the IPs that they have not seen before; all others may do anything."""

    def __init__(
        self,
        new_ips: Collection[str],
        *,
        clock: Callable[[], dt.datetime],
        step: dt.timedelta = STEP,
    ) -> None:
        self._new_ips = frozenset(new_ips)
        self._clock = clock
        self._step = step
        self._known: dict[tuple[str, str], _Known] = {}

    def objection(self, *, client_ip: str, provider: str) -> Wording | None:
        """Return in what words a provider objects to one more message of an IP, None if not.

        The message counts from then on.
        """
        manner = MANNERS.get(provider)
        if manner is None or client_ip not in self._new_ips:
            return None
        known = self._present((client_ip, provider), manner)
        if known.standing.take(1):
            return None
        known.objections += 1
        return manner.slow_down if known.objections <= PATIENCE else manner.blocked

    def _present(self, key: tuple[str, str], manner: Manner) -> _Known:
        """Return what is known of an IP, brought to the present."""
        now = self._clock()
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known(Standing(LEAST_TRUST), now)
            known.standing.begin(limit=manner.limit)
        passed = (now - known.begun_at) // self._step
        for _ in range(min(passed, MOST_STEPS)):
            known.standing.end()
            known.standing.begin(limit=manner.limit)
            known.objections = 0
        known.begun_at += passed * self._step
        return known
