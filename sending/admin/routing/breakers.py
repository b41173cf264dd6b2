"""Breakers on the board: what is held back, until when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from common.admin import provider_name
from common.admin.display import exact_time, relative
from iprouting.breakers import PROBES, BreakerState
from iprouting.models import Breaker
from iprouting.queries.breakers import standing_of

# An icon, a kind of colour and a word for each state that holds mail back.
_LOOKS: Final = {
    BreakerState.SUSPENDED: ("block", "bad", "Stopped"),
    BreakerState.SLOWED: ("speed", "warning", "Slowed down"),
    BreakerState.PROBING: ("network_check", "info", "Half open"),
}


@dataclass(frozen=True, slots=True)
class ShownBreaker:
    """A breaker that holds mail back, as it is shown.

    `state` and `until` are short, for a field of the table; `reason` and `consequence` sentences.
    """

    key: str  # of the element that tells it in full
    kind: str
    icon: str
    way: str
    state: str
    until: str
    reason: str
    consequence: str
    url: str


def shown(breaker: Breaker, *, now: datetime) -> ShownBreaker:
    """Return a breaker that is not closed as it is shown."""
    state = standing_of(breaker).at(now)
    icon, kind, word = _LOOKS[state]
    ends = breaker.until if state is not BreakerState.PROBING else None
    return ShownBreaker(
        key=f"breaker-{breaker.pk}",
        kind=kind,
        icon=icon,
        way=f"{breaker.ip} at {provider_name(breaker.provider)}",
        state=word,
        until=f"until {_clock(ends, now=now)}" if ends else "trying now",
        reason=_reason(breaker),
        consequence=_consequence(breaker, state, now=now),
        url=reverse("admin:iprouting_breaker_change", args=[breaker.pk]),
    )


def _reason(breaker: Breaker) -> str:
    reason = breaker.reason or "No reason was noted."
    return f"By hand, {breaker.changed_by}: {reason}" if breaker.changed_by else reason


def _clock(at: datetime, *, now: datetime) -> str:
    """Return a time to the minute, with its weekday where that is another one."""
    local = timezone.localtime(at)
    same_day = local.date() == timezone.localtime(now).date()
    return date_format(local, "H:i" if same_day else "D H:i")


def _consequence(breaker: Breaker, state: BreakerState, *, now: datetime) -> str:
    if state is BreakerState.PROBING or breaker.until is None:
        return (
            f"{PROBES} messages try whether mail is taken again. One that is taken lets all mail "
            "flow; one more refusal like the last stops it for longer."
        )
    until = f"{exact_time(breaker.until)} ({relative(breaker.until, now=now)})"
    if state is BreakerState.SLOWED:
        return f"{breaker.rate_per_minute:,} messages a minute until {until}; then as usual."
    return f"Nothing is sent until {until}; then {PROBES} messages try."
