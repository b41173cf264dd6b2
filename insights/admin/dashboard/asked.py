"""What the address of a page asks for, and the addresses that ask for something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from django.utils.http import urlencode

from campaigns.models import Campaign
from campaigns.models.content import Stream
from insights.admin.dashboard.spans import (
    CAMPAIGN_SHOWN_BY_HOUR,
    SHOWN_BY_HOUR,
    Preset,
    Span,
    span,
)
from insights.admin.dashboard.words import BY_WORDS, COUNT_WORDS, RATE_WORDS
from insights.figures import GroupBy
from insights.periods import Period

_NUMBERS: Final = ("campaign", "list", "identity")
_TEXTS: Final[Mapping[str, int]] = {"provider": 40, "ip": 45, "variant": 8}
_LONGEST_NUMBER: Final = 18  # digits; any such number fits into the database
_OVER_TIME: Final = "time"
_DEFAULTS: Final = {"by": _OVER_TIME, "count": "sent", "rate": "bounce_rate"}
# In the order in which they stand in an address.
_PARAMETERS: Final = (
    "period", "first", "last", "each", "campaign", "list", "provider", "identity", "ip",
    "variant", "stream", "by", "count", "rate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One view of the figures; `params` say the same as an address does, without what is usual."""

    span: Span
    period: Period
    by: GroupBy
    filters: Mapping[str, int | str]
    count: str
    rate: str
    params: Mapping[str, str]
    campaign: Campaign | None = None  # whose report it is

    @property
    def narrowed(self) -> Mapping[str, int | str]:
        """The filters, with the campaign of the report."""
        own: dict[str, int | str] = {"campaign": self.campaign.pk} if self.campaign else {}
        return {**self.filters, **own}

    def query(self, **changes: str) -> str:
        """Return the query of an address that asks for the same but for some changes."""
        merged = {**self.params, **changes}
        kept = {
            name: merged[name]
            for name in _PARAMETERS
            if merged.get(name) and merged[name] != _DEFAULTS.get(name)
        }
        return f"?{urlencode(kept)}" if kept else "?"


def asked(
    given: Mapping[str, str], *, now: datetime, zone: tzinfo, campaign: Campaign | None = None
) -> Asked:
    """Return what parameters ask for; what makes no sense is left out."""
    started = (campaign.started_at or now - timedelta(hours=1)) if campaign else None
    chosen = span(given, started=started, now=now, zone=zone)
    usual = CAMPAIGN_SHOWN_BY_HOUR if campaign else SHOWN_BY_HOUR
    period = chosen.cut(given.get("each", ""), zone=zone, usual=usual)
    by = _pivot(given.get("by", ""), campaign=campaign)
    count, rate = given.get("count", ""), given.get("rate", "")
    filters = _filters(given)
    if campaign:
        filters.pop("campaign", None)
    found = Asked(
        span=chosen,
        period=period,
        by=by,
        filters=filters,
        count=count if count in COUNT_WORDS else _DEFAULTS["count"],
        rate=rate if rate in RATE_WORDS else _DEFAULTS["rate"],
        params={},
        campaign=campaign,
    )
    return _with_params(found, given)


def _with_params(found: Asked, given: Mapping[str, str]) -> Asked:
    usual = Preset.ALL if found.campaign else Preset.MONTH
    preset = found.span.preset
    custom = preset is Preset.CUSTOM
    params = {
        "period": "" if preset is usual else preset.value,
        "first": given.get("first", "") if custom else "",
        "last": given.get("last", "") if custom else "",
        "each": found.period.bucket.value if given.get("each") and found.span.by_hour else "",
        **{name: str(value) for name, value in found.filters.items()},
        "by": _OVER_TIME if found.by is GroupBy.DAY else found.by.value,
        "count": found.count,
        "rate": found.rate,
    }
    return Asked(
        found.span, found.period, found.by, found.filters, found.count, found.rate, params,
        found.campaign,
    )  # fmt: skip


def pivots(campaign: Campaign | None) -> list[GroupBy]:
    """Return what figures can be shown apart by on a page."""
    return [by for by in BY_WORDS if not (campaign and by is GroupBy.CAMPAIGN)]


def _pivot(name: str, *, campaign: Campaign | None) -> GroupBy:
    return next((by for by in pivots(campaign) if by.value == name), GroupBy.DAY)


def _filters(given: Mapping[str, str]) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    for name in _NUMBERS:
        text = given.get(name, "")
        if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER:
            found[name] = int(text)
    for name, longest in _TEXTS.items():
        text = given.get(name, "").replace("\0", "").strip()
        if text:
            found[name] = text[:longest]
    if given.get("stream") in Stream.values:
        found["stream"] = given["stream"]
    return found
