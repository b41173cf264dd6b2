"""What time does to a warm-up. Called any number of times a day, by any number at once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum

from warmup import caps
from warmup.health import reason_to_stop
from warmup.models import DailyAllowance, ProviderAllowance, Reservation, WarmupSchedule
from warmup.progress import OPEN, Progress, Status, on_date
from warmup.queries import local_date, midnight_after, open_schedules, recent_counts
from warmup.schedule import daily_limit

SETTLING = timedelta(minutes=10)  # for a date's last mail; what is not known then counts as sent


def advance_due(*, now: datetime) -> int:
    """Bring every warm-up to the present date, stop those whose figures are bad; return how many.

    Each is a transaction of its own, so that one that fails holds up no other.
    """
    ids = list(open_schedules().values_list("pk", flat=True))
    return sum(advance(schedule_id, now=now) is not None for schedule_id in ids)


@transaction.atomic
def advance(schedule_id: int, *, now: datetime) -> WarmupSchedule | None:
    """Bring one warm-up to the present date and return it, or None if it has ended or is gone."""
    schedule = (
        WarmupSchedule.objects.select_for_update(of=("self",))
        .select_related("organization", "ip")
        .filter(pk=schedule_id, status__in=sorted(OPEN))
        .first()
    )
    if schedule is None or schedule.started_at > now or _is_undecided(schedule, now=now):
        return schedule
    _to_date(schedule, today=local_date(schedule.organization, now))
    if schedule.status == Status.ACTIVE and schedule.daily_limit is None:
        schedule.status, schedule.ended_at = Status.COMPLETED.value, now
    elif schedule.status == Status.ACTIVE:
        _stop_if_unhealthy(schedule, now=now)
    schedule.save()
    return schedule


def _is_undecided(schedule: WarmupSchedule, *, now: datetime) -> bool:
    """Say whether a date is over of which all mail is still on its way: it may yet not count."""
    on = schedule.on_date
    if on is None or on >= local_date(schedule.organization, now):
        return False
    if now >= midnight_after(on, schedule.organization) + SETTLING:
        return False
    used = schedule.allowances.filter(date=on, used__gt=0)
    return used.annotate(held=Sum("reservations__count")).filter(held__gte=F("used")).exists()


def _to_date(schedule: WarmupSchedule, *, today: date) -> None:
    """Count the day on, wake what slept until today, and open today's allowance."""
    if schedule.on_date is None:
        schedule.status = Status.ACTIVE.value
        schedule.on_date = today
    if schedule.on_date < today:
        _forget_reservations(schedule, before=today - timedelta(days=1))
    progress = on_date(_progress(schedule, schedule.on_date), today)
    schedule.current_day, schedule.on_date = progress.day, progress.on_date
    schedule.last_sent_date = progress.last_sent_date
    if schedule.resumes_on is not None and schedule.resumes_on <= today:
        schedule.status = Status.ACTIVE.value
        schedule.paused_reason, schedule.resumes_on = "", None
    schedule.daily_limit = daily_limit(schedule.current_day, preset=schedule.preset)
    if schedule.daily_limit is not None:
        _open_day(schedule, on=schedule.on_date, daily_limit=schedule.daily_limit)


def _open_day(schedule: WarmupSchedule, *, on: date, daily_limit: int) -> None:
    """Write what may be sent on a date, with what of it may go to single providers; once."""
    allowance, new = DailyAllowance.objects.get_or_create(
        schedule=schedule,
        date=on,
        defaults={"day": schedule.current_day, "daily_limit": daily_limit},
    )
    if new:
        limits = caps.limits(caps.read(schedule.provider_caps), daily_limit=daily_limit)
        ProviderAllowance.objects.bulk_create(
            ProviderAllowance(allowance=allowance, provider=provider, daily_limit=limit)
            for provider, limit in limits.items()
        )


def _forget_reservations(schedule: WarmupSchedule, *, before: date) -> None:
    """End what machines that are lost for good reserved of earlier dates: it counts as used."""
    Reservation.objects.filter(allowance__schedule=schedule, allowance__date__lt=before).delete()


def _progress(schedule: WarmupSchedule, on: date) -> Progress:
    allowance = schedule.allowances.filter(date=on).first()
    return Progress(
        day=schedule.current_day,
        on_date=on,
        used=allowance.used if allowance else 0,
        stopped=schedule.stopped_on == on,
        last_sent_date=schedule.last_sent_date,
    )


def _stop_if_unhealthy(schedule: WarmupSchedule, *, now: datetime) -> None:
    """Stop for the rest of the day if the figures since it was last stopped are too bad."""
    reason = reason_to_stop(recent_counts(schedule, now=now))
    if reason:
        today = local_date(schedule.organization, now)
        schedule.status = Status.PAUSED.value
        schedule.paused_reason = reason
        schedule.stopped_on, schedule.resumes_on = today, today + timedelta(days=1)
        schedule.figures_since = midnight_after(today, schedule.organization)
