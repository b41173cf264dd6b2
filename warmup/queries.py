"""Reads of warm-ups: today's room, the board's figures."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject

from campaigns.models import Organization
from insights.events import BounceClass, EventType
from insights.models import DeliveryEvent, HourlyCount
from insights.periods import hour_of, next_hour
from iprouting.models import SendingIP
from warmup import caps
from warmup.caps import Cap
from warmup.health import Counts
from warmup.models import DailyAllowance, ProviderAllowance, Reservation, WarmupSchedule
from warmup.progress import OPEN, Status
from warmup.schedule import PRESETS, Pace, daily_limit

TRAILING = timedelta(hours=24)
# Figures of an IP: the hourly counter of each, and the events that it counts.
_SUMS = {
    "sent": "sent",
    "delivered": "delivered",
    "bounced": "bounced",
    "hard_bounced": "bounced_hard",
    "complained": "complaints",
}
_EVENTS: Mapping[str, Mapping[str, str]] = {
    "sent": {"event_type": EventType.SENT},
    "delivered": {"event_type": EventType.DELIVERED},
    "bounced": {"event_type": EventType.BOUNCED},
    "hard_bounced": {"event_type": EventType.BOUNCED, "bounce_class": BounceClass.HARD},
    "complained": {"event_type": EventType.COMPLAINED},
}


@dataclass(frozen=True, slots=True)
class Room:
    """What a warming IP may still send today, and of that to the providers that have a cap.

    `returns_at` is when there is room again; None is when somebody resumes the warm-up.
    """

    left: int
    returns_at: datetime | None
    capped: Mapping[str, int] = field(default_factory=dict)  # provider -> messages

    def at(self, provider: str) -> int:
        """Return how much may still go to a provider."""
        return min(self.left, self.capped.get(provider, self.left))


def local_date(organization: Organization, now: datetime) -> date:
    """Return which date it is for an organization."""
    return now.astimezone(ZoneInfo(str(organization.timezone))).date()


def midnight_before(day: date, organization: Organization) -> datetime:
    """Return when a date begins for an organization, as UTC, whatever its clocks do."""
    zone = ZoneInfo(str(organization.timezone))
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def midnight_after(day: date, organization: Organization) -> datetime:
    """Return when a date has ended for an organization, as UTC."""
    return midnight_before(day + timedelta(days=1), organization)


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
    """Return for each of the IPs that is warming how much it may still send today; one query."""
    return {
        schedule.ip_id: Room(
            _left(schedule, now=now), _returns_at(schedule, now=now), _capped(schedule)
        )
        for schedule in _with_room(ip_ids)
    }


def paces(ip_ids: Collection[int], *, now: datetime) -> dict[int, Pace | None]:
    """Return for each of the IPs that is warming what it will take; None until it is resumed."""
    return {schedule.ip_id: _pace(schedule, now=now) for schedule in _with_room(ip_ids)}


def _with_room(ip_ids: Collection[int]) -> QuerySet[WarmupSchedule]:
    """Return the open warm-ups of IPs, each with the room of the date it stands on."""
    allowance = DailyAllowance.objects.filter(schedule=OuterRef("pk"), date=OuterRef("on_date"))
    room = allowance.values(left=F("daily_limit") - F("used"))[:1]
    capped = ProviderAllowance.objects.filter(
        allowance__schedule=OuterRef("pk"),
        allowance__date=OuterRef("on_date"),
        daily_limit__isnull=False,
    ).values(found=JSONObject(provider="provider", left=F("daily_limit") - F("used")))
    return (
        open_schedules()
        .filter(ip__in=ip_ids)
        .annotate(allowance_left=Subquery(room), capped_left=ArraySubquery(capped))
    )


def _left(schedule: Any, *, now: datetime) -> int:
    """Return an annotated warm-up's room; none if its date is not open yet, or over."""
    today = local_date(schedule.organization, now)
    if schedule.status != Status.ACTIVE or schedule.on_date != today:
        return 0
    return int(schedule.allowance_left or 0)


def _capped(schedule: Any) -> dict[str, int]:
    """Return an annotated warm-up's room for the providers that have a cap."""
    return {one["provider"]: one["left"] for one in schedule.capped_left}


def _returns_at(schedule: WarmupSchedule, *, now: datetime) -> datetime | None:
    if schedule.status == Status.SCHEDULED:
        return schedule.started_at
    if schedule.status == Status.PAUSED:
        if schedule.resumes_on is None:
            return None
        return midnight_before(schedule.resumes_on, schedule.organization)
    return midnight_after(local_date(schedule.organization, now), schedule.organization)


def _pace(schedule: WarmupSchedule, *, now: datetime) -> Pace | None:
    next_date, today = _next_date(schedule, now=now), local_date(schedule.organization, now)
    if next_date is None:
        return None
    return Pace(
        left=_left(schedule, now=now),
        next_day=_next_day(schedule, now=now),
        preset=schedule.preset,
        resting_days=max((next_date - today).days - 1, 0),
        caps=caps.read(schedule.provider_caps),
        capped=_capped(schedule),
    )


def _next_date(schedule: WarmupSchedule, *, now: datetime) -> date | None:
    """Return on which date after today there is room again; None until it is resumed."""
    if schedule.status == Status.SCHEDULED:
        return local_date(schedule.organization, schedule.started_at)
    if schedule.status == Status.PAUSED:
        return schedule.resumes_on
    return local_date(schedule.organization, now) + timedelta(days=1)


def _next_day(schedule: WarmupSchedule, *, now: datetime) -> int:
    """Return the warm-up day of that date, if today is used; a date it was stopped on is not."""
    stopped = schedule.stopped_on == local_date(schedule.organization, now)
    counts = schedule.status == Status.ACTIVE and not stopped
    return schedule.current_day + 1 if counts else schedule.current_day


def reserved(owner: uuid.UUID) -> dict[tuple[int, str], int]:
    """Return what a claim holds: IP and provider -> messages."""
    held = Reservation.objects.filter(owner=owner)
    rows = held.values_list("allowance__schedule__ip_id", "provider", "count")
    return {(ip_id, provider): count for ip_id, provider, count in rows}


def recent_counts(schedule: WarmupSchedule, *, now: datetime) -> Counts:
    """Return what became of an IP's mail in the trailing 24 hours, to the full hour.

    For what it was stopped for it has stood still already: that counts no more, to the moment.
    """
    since = hour_of(now - TRAILING)
    if schedule.figures_since is not None and schedule.figures_since > since:
        since = schedule.figures_since
    return _until_the_hour(schedule, since) + _from_the_hour(schedule, since)


def _from_the_hour(schedule: WarmupSchedule, since: datetime) -> Counts:
    """Return what the hourly counts say from the next full hour on."""
    hours = HourlyCount.objects.filter(
        organization_id=schedule.organization_id,
        ip=schedule.ip.address,
        hour__gte=next_hour(since),
    )
    return Counts(**hours.aggregate(**{name: Coalesce(Sum(of), 0) for name, of in _SUMS.items()}))


def _until_the_hour(schedule: WarmupSchedule, since: datetime) -> Counts:
    """Return what happened from a moment until the next full hour, of which there is no count."""
    until = next_hour(since)
    if since == until:
        return Counts(0, 0, 0, 0, 0)
    events = DeliveryEvent.objects.filter(
        organization_id=schedule.organization_id,
        ip=schedule.ip.address,
        ts__gte=since,
        ts__lt=until,
    )
    messages = {
        name: Count("recipient_id", distinct=True, filter=Q(**of)) for name, of in _EVENTS.items()
    }
    return Counts(**events.aggregate(**messages))


@dataclass(frozen=True, slots=True)
class ProviderStanding:
    """What went to one provider today, reserved included, and what of the day's limit may."""

    provider: str
    used: int
    daily_limit: int | None  # None where it has no cap
    cap: Cap | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the warm-up of an IP stands today, with the days behind it and ahead of it.

    `next_date` is the date of the first of the limits to come, and `warm_on` the first one without
    a limit, both if every day is used; None if it has ended, or until somebody resumes it.
    `room_returns_at` is None then too.
    """

    schedule: WarmupSchedule
    day_count: int  # of the whole schedule
    used: int  # today, reserved included
    left: int  # today
    room_returns_at: datetime | None
    days: tuple[DailyAllowance, ...]  # every date so far, oldest first
    upcoming: tuple[int, ...]  # limits of the sending days after today, until there is none
    next_date: date | None
    warm_on: date | None
    providers: tuple[ProviderStanding, ...]  # today, those with a cap first

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.schedule.status in OPEN


def standings(schedules: QuerySet[WarmupSchedule], *, now: datetime) -> list[Standing]:
    """Return where each of the warm-ups stands; three queries, whatever their number."""
    latest = ProviderAllowance.objects.filter(allowance__date=F("allowance__schedule__on_date"))
    return [
        _standing(schedule, now=now)
        for schedule in schedules.select_related("ip", "organization").prefetch_related(
            Prefetch("allowances", DailyAllowance.objects.order_by("date")),
            Prefetch("allowances__providers", latest.order_by("-used", "provider")),
        )
    ]


def standings_by_ip(ip_ids: Collection[int], *, now: datetime) -> dict[int, Standing]:
    """Return where the IPs that are warming stand."""
    found = standings(open_schedules().filter(ip__in=ip_ids), now=now)
    return {standing.schedule.ip_id: standing for standing in found}


def _standing(schedule: WarmupSchedule, *, now: datetime) -> Standing:
    days = tuple(schedule.allowances.all())
    today = local_date(schedule.organization, now)
    allowance = next((day for day in days if day.date == today), None)
    is_open, active = schedule.status in OPEN, schedule.status == Status.ACTIVE
    limits = PRESETS[schedule.preset].limits
    ahead = limits[_next_day(schedule, now=now) - 1 :] if is_open else ()
    next_date = _next_date(schedule, now=now) if is_open else None
    return Standing(
        schedule=schedule,
        day_count=len(limits),
        used=allowance.used if allowance else 0,
        left=allowance.daily_limit - allowance.used if allowance and active else 0,
        room_returns_at=_returns_at(schedule, now=now) if is_open else None,
        days=days,
        upcoming=ahead,
        next_date=next_date,
        warm_on=next_date and next_date + timedelta(days=len(ahead)),
        providers=_by_provider(schedule, allowance),
    )


def _by_provider(
    schedule: WarmupSchedule, allowance: DailyAllowance | None
) -> tuple[ProviderStanding, ...]:
    of_provider = {cap.provider: cap for cap in caps.read(schedule.provider_caps)}
    today = {one.provider: one for one in allowance.providers.all()} if allowance else {}
    found = [
        ProviderStanding(
            provider,
            used=today[provider].used if provider in today else 0,
            daily_limit=today[provider].daily_limit if provider in today else None,
            cap=of_provider.get(provider),
        )
        for provider in [*of_provider, *(one for one in today if one not in of_provider)]
    ]
    return tuple(found)
