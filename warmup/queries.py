"""Reads of warm-ups: today's room, the board's figures."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet, Sum
from django.db.models.functions import Coalesce

from campaigns.models import Organization
from insights.models import HourlyCount
from iprouting.models import SendingIP
from warmup.health import Counts
from warmup.models import DailyAllowance, Reservation, WarmupSchedule
from warmup.progress import OPEN, Status
from warmup.schedule import PRESETS, daily_limit

TRAILING = timedelta(hours=24)
_COUNTERS = ("sent", "delivered", "bounced", "bounced_hard", "complaints")


@dataclass(frozen=True, slots=True)
class Room:
    """What a warming IP may still send today; `returns_at` is when there is room again."""

    left: int
    returns_at: datetime


def local_date(organization: Organization, now: datetime) -> date:
    """Return which date it is for an organization."""
    return now.astimezone(ZoneInfo(str(organization.timezone))).date()


def midnight_after(day: date, organization: Organization) -> datetime:
    """Return when a date has ended for an organization, as UTC, whatever its clocks do."""
    zone = ZoneInfo(str(organization.timezone))
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


def get_daily_limit(ip: SendingIP, day: int) -> int | None:
    """Return how many messages an IP may send on warm-up day `day`; None is any number.

    An IP without a warm-up that goes on is warm. Raises ValueError if `day` < 1.
    """
    schedule = open_schedules().filter(ip=ip).first()
    return daily_limit(day, preset=schedule.preset) if schedule else None


def open_schedules() -> QuerySet[WarmupSchedule]:
    """Return the warm-ups that have not ended, with their IP and organization."""
    return WarmupSchedule.objects.filter(status__in=sorted(OPEN)).select_related(
        "ip", "organization"
    )


def rooms(ip_ids: Collection[int], *, now: datetime) -> dict[int, Room]:
    """Return for each of the IPs that is warming how much it may still send today."""
    return {
        schedule.ip_id: Room(_left(schedule, now=now), _returns_at(schedule, now=now))
        for schedule in open_schedules().filter(ip__in=ip_ids)
    }


def _returns_at(schedule: WarmupSchedule, *, now: datetime) -> datetime:
    today = local_date(schedule.organization, now)
    return midnight_after(today, schedule.organization)


def _left(schedule: WarmupSchedule, *, now: datetime) -> int:
    if schedule.status != Status.ACTIVE:
        return 0
    today = local_date(schedule.organization, now)
    allowance = DailyAllowance.objects.filter(schedule=schedule, date=today).first()
    return allowance.daily_limit - allowance.used if allowance else 0


def reserved(owner: uuid.UUID) -> Mapping[int, int]:
    """Return what a claim holds: IP -> messages."""
    held = Reservation.objects.filter(owner=owner)
    return dict(held.values_list("allowance__schedule__ip_id", "count"))


def recent_counts(schedule: WarmupSchedule, *, now: datetime) -> Counts:
    """Return what became of an IP's mail in the trailing 24 hours, to the full hour.

    The date on which it was stopped counts no more: for that it has stood still already.
    """
    since = (now - TRAILING).replace(minute=0, second=0, microsecond=0)
    if schedule.stopped_on is not None:
        since = max(since, midnight_after(schedule.stopped_on, schedule.organization))
    hours = HourlyCount.objects.filter(
        organization_id=schedule.organization_id, ip=schedule.ip.address, hour__gte=since
    )
    sums = hours.aggregate(**{name: Coalesce(Sum(name), 0) for name in _COUNTERS})
    return Counts(
        sent=sums["sent"],
        delivered=sums["delivered"],
        bounced=sums["bounced"],
        hard_bounced=sums["bounced_hard"],
        complained=sums["complaints"],
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the warm-up of an IP stands today, with the days behind it and ahead of it."""

    schedule: WarmupSchedule
    used: int  # today, reserved included
    left: int  # today
    room_returns_at: datetime
    days: tuple[DailyAllowance, ...]  # every date so far, oldest first
    upcoming: tuple[int, ...]  # limits of the sending days to come, until there is none


def standings(schedules: QuerySet[WarmupSchedule], *, now: datetime) -> list[Standing]:
    """Return where each of the warm-ups stands; two queries, whatever their number."""
    return [
        _standing(schedule, now=now)
        for schedule in schedules.prefetch_related(
            Prefetch("allowances", DailyAllowance.objects.order_by("date"))
        )
    ]


def _standing(schedule: WarmupSchedule, *, now: datetime) -> Standing:
    days = tuple(schedule.allowances.all())
    today = local_date(schedule.organization, now)
    allowance = next((day for day in days if day.date == today), None)
    active = schedule.status == Status.ACTIVE
    ahead = PRESETS[schedule.preset].limits[schedule.current_day :]
    return Standing(
        schedule=schedule,
        used=allowance.used if allowance else 0,
        left=allowance.daily_limit - allowance.used if allowance and active else 0,
        room_returns_at=_returns_at(schedule, now=now),
        days=days,
        upcoming=ahead if schedule.status in OPEN else (),
    )
