"""A warm-up as people see it: words, figures, what is ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.urls import reverse
from django.utils.safestring import SafeString

from campaigns.roles import Role
from common.admin import pill
from common.providers import provider_name
from warmup.admin.chart import Chart, Row, chart, rows
from warmup.admin.moves import Button, buttons
from warmup.progress import Status
from warmup.queries import ProviderStanding, Standing

STATUS_WORDS = {
    Status.SCHEDULED: ("Scheduled", "info"),
    Status.ACTIVE: ("Warming up", "active"),
    Status.PAUSED: ("Paused", "warning"),
    Status.COMPLETED: ("Warm", "good"),
    Status.ABORTED: ("Ended early", "neutral"),
}
STOPPED_WORDS = ("Stopped for today", "bad")
MOST_STAGES = 5  # named on a card; the table has every day


@dataclass(frozen=True, slots=True)
class Ahead:
    """Days in a row with the same limit that are to come."""

    daily_limit: int
    days: int
    first_date: date | None


@dataclass(frozen=True, slots=True)
class Capped:
    """A provider that has a limit of its own, and how much of it was used today."""

    name: str
    rule: str
    used: int
    daily_limit: int | None  # None before the first day
    percent_used: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that the board shows of one warm-up."""

    standing: Standing
    state: SafeString
    percent_used: str
    total: int  # messages so far
    chart: Chart
    rows: tuple[Row, ...]
    ahead: tuple[Ahead, ...]
    stages_hidden: bool
    buttons: tuple[Button, ...]
    capped: tuple[Capped, ...]
    uncapped: int  # messages today to providers without a cap
    caps_url: str  # empty where nothing can be changed


def card(standing: Standing, *, may: Callable[[str], bool]) -> Card:
    """Return the card of a warm-up, with what a person's role may do to it."""
    schedule, ahead = standing.schedule, _ahead(standing)
    share = standing.used / schedule.daily_limit if schedule.daily_limit else 0.0
    return Card(
        standing=standing,
        state=status_pill(schedule.status, resumes_by_itself=schedule.resumes_on is not None),
        percent_used=f"{100 * min(share, 1.0):.1f}",
        total=sum(day.used for day in standing.days),
        chart=chart(standing),
        rows=rows(standing),
        ahead=ahead[:MOST_STAGES],
        stages_hidden=len(ahead) > MOST_STAGES,
        buttons=buttons(schedule, may=may),
        capped=tuple(_capped(one) for one in standing.providers if one.cap is not None),
        uncapped=sum(one.used for one in standing.providers if one.cap is None),
        caps_url=_caps_url(standing, may=may),
    )


def _capped(one: ProviderStanding) -> Capped:
    share = one.used / one.daily_limit if one.daily_limit else 0.0
    return Capped(
        provider_name(one.provider),
        one.cap.words if one.cap else "",
        one.used,
        one.daily_limit,
        f"{100 * min(share, 1.0):.1f}",
    )


def _caps_url(standing: Standing, *, may: Callable[[str], bool]) -> str:
    if not standing.is_open or not may(Role.OPERATOR):
        return ""
    return reverse("admin:warmup_warmupschedule_caps", args=[standing.schedule.pk])


def status_pill(status: str, *, resumes_by_itself: bool = False) -> SafeString:
    """Return where a warm-up stands as a coloured word."""
    return pill(*(STOPPED_WORDS if resumes_by_itself else STATUS_WORDS[Status(status)]))


def _ahead(standing: Standing) -> tuple[Ahead, ...]:
    coming = [row for row in rows(standing) if row.used is None]
    stages = [(limit, list(days)) for limit, days in groupby(coming, lambda row: row.daily_limit)]
    return tuple(Ahead(limit, len(days), days[0].date) for limit, days in stages)
