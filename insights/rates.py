"""Rates, from counts: how each is formed, and that there is none without a denominator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Deliveries that could be seen to be opened or clicked: of campaigns with a pixel or with links of
# ours. They are counted beside the metrics, since one answer may cover campaigns of both kinds.
TRACKED_OPENS: Final = "delivered_with_pixel"
TRACKED_CLICKS: Final = "delivered_with_links"

# What is divided by what.
RATES: Final[Mapping[str, tuple[str, str]]] = {
    "delivery_rate": ("delivered", "sent"),
    "bounce_rate": ("bounced", "sent"),
    "open_rate": ("unique_opens", TRACKED_OPENS),
    "click_rate": ("unique_clicks", TRACKED_CLICKS),
    "ctor": ("unique_clicks", "unique_opens"),
    "complaint_rate": ("complaints", "delivered"),
    "unsubscribe_rate": ("unsubscribes", "delivered"),
}


def rates(counts: Mapping[str, int]) -> dict[str, float | None]:
    """Return every rate as a fraction from 0 to 1, None where there is nothing to divide by."""
    return {
        name: fraction(counts[part], whole=counts[whole]) for name, (part, whole) in RATES.items()
    }


def fraction(part: int, *, whole: int) -> float | None:
    """Return a part of a whole, None without a whole.

    Within one hour more may come in than went out: opens of mail that was delivered earlier,
    refusals at the hand-over, which were never sent. A share of more than everything is shown as 1.
    """
    if whole <= 0:
        return None
    return min(max(part / whole, 0.0), 1.0)
