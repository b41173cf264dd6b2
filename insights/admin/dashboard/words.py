"""What people read instead of the names of metrics, and how numbers are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common.admin import provider_name
from insights.figures import GroupBy
from insights.rates import RATES, TRACKED_CLICKS, TRACKED_OPENS

SMALL_SAMPLE: Final = 100  # messages; with fewer, a rate says little (docs/dashboard.md)
NBSP: Final = "\N{NO-BREAK SPACE}"

COUNT_WORDS: Final[Mapping[str, str]] = {
    "sent": "Sent",
    "delivered": "Delivered",
    "bounced": "Refused",
    "deferred": "Put off",
    "failed": "Failed",
    "unique_opens": "Opened by people",
    "machine_opens": "Opens by machines",
    "unique_clicks": "Clicked by people",
    "machine_clicks": "Clicks by machines",
    "opens": "Opens by people",
    "clicks": "Clicks by people",
    "replies": "Replies",
    "unsubscribes": "Unsubscribed",
    "complaints": "Marked as spam",
}
COUNT_MEANINGS: Final[Mapping[str, str]] = {
    "sent": "Messages that the mail server accepted",
    "delivered": "Messages that the provider took, of those sent",
    "bounced": "Messages that were refused (bounced), of those sent",
    "deferred": "How often somebody asked to try later",
    "failed": "Messages that could not be handed over",
    "unique_opens": "Messages that a person opened, of those delivered with a pixel",
    "machine_opens": "Opens by scanners and proxies, and by whoever cannot be told",
    "unique_clicks": "Messages in which a person clicked, of those delivered with tracked links",
    "machine_clicks": "Clicks by scanners, and by whoever cannot be told",
    "opens": "Every open by a person",
    "clicks": "Every click by a person",
    "replies": "Messages that were answered",
    "unsubscribes": "Messages after which somebody unsubscribed, of those delivered",
    "complaints": "Messages that were marked as spam, of those delivered",
}
RATE_WORDS: Final[Mapping[str, str]] = {
    "delivery_rate": "Delivered",
    "bounce_rate": "Refused",
    "open_rate": "Opened by people",
    "click_rate": "Clicked by people",
    "ctor": "Clicked, of those who opened",
    "complaint_rate": "Marked as spam",
    "unsubscribe_rate": "Unsubscribed",
}
# What a rate is a part of, and why there may be none.
WHOLE_WORDS: Final[Mapping[str, str]] = {
    "sent": "sent",
    "delivered": "delivered",
    "unique_opens": "opened",
    TRACKED_OPENS: "delivered with a pixel",
    TRACKED_CLICKS: "delivered with tracked links",
}
BY_WORDS: Final[Mapping[GroupBy, str]] = {
    GroupBy.DAY: "Over time",
    GroupBy.PROVIDER: "Provider",
    GroupBy.IDENTITY: "Identity",
    GroupBy.IP: "IP",
    GroupBy.LIST: "List",
    GroupBy.CAMPAIGN: "Campaign",
    GroupBy.VARIANT: "Variant",
}
RATE_OF: Final[Mapping[str, str]] = {
    part: rate for rate, (part, _) in RATES.items() if rate != "ctor"
}
_RARE: Final = frozenset({"complaint_rate", "unsubscribe_rate"})  # a tenth of a percent is a lot


def number(value: float) -> str:
    """Return a count with its thousands separated."""
    return f"{value:,.0f}"


def percent(rate: float, *, name: str = "") -> str:
    """Return a rate with one decimal, those that are tiny by nature with two."""
    decimals = 2 if name in _RARE else 1
    return f"{100 * rate:.{decimals}f}{NBSP}%"


def no_rate(name: str) -> str:
    """Return why there is no such rate."""
    whole = RATES[name][1]
    return f"Nothing was {WHOLE_WORDS[whole]}, so there is nothing to divide by"


def group_label(by: GroupBy, *, key: str, label: str) -> str:
    """Return what a group is called; providers as people call them."""
    if by is GroupBy.PROVIDER:
        return provider_name(key)
    return f"{label[0].upper()}{label[1:]}" if label.startswith("no ") else label
