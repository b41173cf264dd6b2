"""How well a provider takes the mail of an IP: counts of a time, and the score from them.

docs/ip-reputation.md says what is counted and why the score weighs it like this.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

WINDOW: Final = timedelta(hours=24)  # what a score looks back on
BOUNCE_WEIGHT: Final = 10  # one bounce costs what ten deliveries earn
COMPLAINT_WEIGHT: Final = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the messages of one IP at one provider."""

    sent: int = 0
    delivered: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def handed_over(self) -> int:
        """What rates are formed of: the messages sent.

        Where none was taken at the hand-over, these are the refused ones, so that an IP which is
        refused by everybody does not look like one of which nothing is known.
        """
        return self.sent or self.delivered + self.bounced

    @property
    def delivery_rate(self) -> float | None:
        """Delivered over sent, None where nothing was handed over."""
        return _fraction(self.delivered, whole=self.handed_over)

    @property
    def bounce_rate(self) -> float | None:
        """Bounced over sent, None where nothing was handed over."""
        return _fraction(self.bounced, whole=self.handed_over)

    @property
    def complaint_rate(self) -> float | None:
        """Complaints over delivered, None where nothing was delivered."""
        return _fraction(self.complained, whole=self.delivered)

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(
            self.sent + other.sent,
            self.delivered + other.delivered,
            self.bounced + other.bounced,
            self.complained + other.complained,
        )


def score(counts: Counts) -> float | None:
    """Return delivery rate - 10 x bounce rate - 100 x complaint rate, None without data.

    The result lies in [-110, 1]; 1 is an IP whose mail is all delivered and never complained of.
    Complaints without a delivery in the same time (those of yesterday's mail) weigh nothing: there
    is nothing to form a rate of.
    """
    if counts.delivery_rate is None or counts.bounce_rate is None:
        return None
    complaint_rate = counts.complaint_rate or 0.0
    return (
        counts.delivery_rate
        - counts.bounce_rate * BOUNCE_WEIGHT
        - complaint_rate * COMPLAINT_WEIGHT
    )


def _fraction(part: int, *, whole: int) -> float | None:
    """Return a part of a whole, at most 1: bounces of today may be of mail sent yesterday."""
    return min(max(part / whole, 0.0), 1.0) if whole > 0 else None
