"""When a warming IP has to stop for the day."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

HIGHEST_BOUNCE_RATE = Fraction(3, 100)  # of the sent; exactly this much is allowed
HIGHEST_COMPLAINT_RATE = Fraction(1, 1000)  # of the delivered; exactly this much is allowed
SMALL_SAMPLE = 50  # messages; with fewer a rate says nothing: one bounce in 20 is 5 % already
HARD_BOUNCES_IN_SMALL_SAMPLE = 5
COMPLAINTS_IN_SMALL_SAMPLE = 2


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of an IP's mail in the trailing 24 hours."""

    sent: int
    delivered: int
    bounced: int
    hard_bounced: int
    complained: int

    @property
    def messages(self) -> int:
        """What rates are formed of: the sent.

        Where more bounced, most were refused at the hand-over and so never sent: then these.
        """
        return max(self.sent, self.bounced)

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(
            self.sent + other.sent,
            self.delivered + other.delivered,
            self.bounced + other.bounced,
            self.hard_bounced + other.hard_bounced,
            self.complained + other.complained,
        )


def reason_to_stop(counts: Counts) -> str:
    """Return in a sentence why the IP must stop, with the figures, or an empty string."""
    if counts.messages < SMALL_SAMPLE:
        return _reason_in_small_sample(counts)
    if counts.bounced > HIGHEST_BOUNCE_RATE * counts.messages:
        return (
            f"{_share(counts.bounced, counts.messages)} bounced in the last 24 hours; "
            f"at most {float(HIGHEST_BOUNCE_RATE):.1%} may."
        )
    # A relay that never reports deliveries leaves only the sent to compare with.
    received = counts.delivered or counts.messages
    if counts.complained > HIGHEST_COMPLAINT_RATE * received:
        return (
            f"{_share(counts.complained, received)} complained in the last 24 hours; "
            f"at most {float(HIGHEST_COMPLAINT_RATE):.1%} may."
        )
    return ""


def _reason_in_small_sample(counts: Counts) -> str:
    if counts.hard_bounced >= HARD_BOUNCES_IN_SMALL_SAMPLE:
        return (
            f"{counts.hard_bounced} of {counts.messages} messages bounced for good "
            "in the last 24 hours."
        )
    if counts.complained >= COMPLAINTS_IN_SMALL_SAMPLE:
        return f"{counts.complained} of {counts.messages} people complained in the last 24 hours."
    return ""


def _share(count: int, total: int) -> str:
    return f"{count / total:.2%} ({count:,} of {total:,})"
