"""How soon the audience acts: like people and machines do, or pressed together for a look or test.

Machines are the same in all: what makes them machines is that they are there at once. People begin
twelve seconds after the arrival at the earliest: whoever is quicker is not taken for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SCAN: Final = (0.3, 1.3)  # seconds after the arrival, from and to; a scan ends within two
PREFETCH: Final = (2.0, 9.0)


@dataclass(frozen=True, slots=True)
class Tempo:
    """When people act: the first after `first_seconds`, most soon after that, the last after
    `last_seconds`; `pause_seconds` lie between two deeds of one person."""

    first_seconds: float
    last_seconds: float
    pause_seconds: float

    def of_person(self, drawn: float) -> float:
        """Return the moment for a number drawn from [0, 1): in seconds after the arrival."""
        return self.first_seconds + (self.last_seconds - self.first_seconds) * drawn**2


TEMPOS: Final = {
    "life": Tempo(first_seconds=60, last_seconds=3 * 86_400, pause_seconds=40),
    "demo": Tempo(first_seconds=12, last_seconds=100, pause_seconds=5),
    "test": Tempo(first_seconds=12, last_seconds=18, pause_seconds=2),
}


def between(span: tuple[float, float], drawn: float) -> float:
    """Return the moment in a span for a number drawn from [0, 1)."""
    begin, end = span
    return begin + (end - begin) * drawn
