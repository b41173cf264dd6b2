"""What staff do to a warm-up, and who did it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from campaigns.models import AuditEntry
from common.errors import DomainError
from iprouting.models import SendingIP
from warmup import caps
from warmup.caps import Cap
from warmup.models import DailyAllowance, ProviderAllowance, WarmupSchedule
from warmup.operations.progress import advance
from warmup.progress import OPEN, Status
from warmup.queries import local_date
from warmup.schedule import STANDARD

SYSTEM = "system"


def start_warmup(
    ip: SendingIP,
    *,
    now: datetime,
    actor: str = SYSTEM,
    preset: str = STANDARD,
    starts_at: datetime | None = None,
    provider_caps: Sequence[Cap] = (),
) -> WarmupSchedule:
    """Return the new warm-up of an IP, which begins now or at `starts_at`.

    Raises DomainError `already_warming` if the IP has one that has not ended, `start_in_past` if
    the time has passed, `caps_invalid` if a provider's cap cannot be obeyed.
    """
    stored = caps.stored(caps.checked(provider_caps))
    if starts_at is not None and starts_at < now:
        raise DomainError(
            "start_in_past",
            "That time has passed. Choose a later one, or start now.",
            {"field": "starts_at"},
        )
    try:
        with transaction.atomic():
            schedule = WarmupSchedule.objects.create(
                organization_id=ip.organization_id,
                ip=ip,
                preset=preset,
                provider_caps=stored,
                started_at=starts_at or now,
            )
            _note(schedule, "started", actor=actor, now=now, preset=preset, provider_caps=stored)
    except IntegrityError as error:
        raise DomainError("already_warming", f"{ip.address} is warming up already.") from error
    return advance(schedule.pk, now=now) or schedule


def pause_warmup(schedule_id: int, *, reason: str, actor: str, now: datetime) -> WarmupSchedule:
    """Let nothing leave through an IP until somebody resumes it.

    Raises DomainError `not_active` if the warm-up is neither active nor paused by its figures.
    """
    with transaction.atomic():
        schedule = _locked(schedule_id, allowed=(Status.ACTIVE, Status.PAUSED))
        schedule.status = Status.PAUSED.value
        schedule.paused_reason = f"{actor}: {reason}" if reason else f"Paused by {actor}."
        schedule.stopped_on = local_date(schedule.organization, now)
        schedule.resumes_on = None
        schedule.save()
        _note(schedule, "paused", actor=actor, now=now, reason=reason)
    return schedule


def resume_warmup(schedule_id: int, *, now: datetime, actor: str = SYSTEM) -> WarmupSchedule:
    """Let mail leave through an IP again, on the same day's volume.

    Figures that stopped it before are forgiven. Raises DomainError `not_active` if the warm-up is
    not paused.
    """
    with transaction.atomic():
        schedule = _locked(schedule_id, allowed=(Status.PAUSED,))
        _note(schedule, "resumed", actor=actor, now=now, was=schedule.paused_reason)
        schedule.status = Status.ACTIVE.value
        schedule.paused_reason, schedule.resumes_on = "", None
        if schedule.figures_since is not None:
            schedule.figures_since = min(schedule.figures_since, now)
        schedule.save()
    return advance(schedule.pk, now=now) or schedule


def change_caps(
    schedule_id: int, *, provider_caps: Sequence[Cap], now: datetime, actor: str = SYSTEM
) -> WarmupSchedule:
    """Give a warm-up other caps for single providers, from this moment on.

    What has left today counts; a cap below it closes the provider until the next day. Raises
    DomainError `caps_invalid` if one cannot be obeyed, `not_active` if the warm-up has ended.
    """
    stored = caps.stored(caps.checked(provider_caps))
    with transaction.atomic():
        schedule = _locked(schedule_id, allowed=tuple(OPEN))
        was, schedule.provider_caps = schedule.provider_caps, stored
        schedule.save()
        _change_today(schedule, provider_caps)
        _note(schedule, "caps_changed", actor=actor, now=now, provider_caps=stored, was=was)
    return schedule


def _change_today(schedule: WarmupSchedule, provider_caps: Sequence[Cap]) -> None:
    """Let other caps count for the day that is open; its row is locked first, as workers do."""
    if schedule.on_date is None:
        return
    days = DailyAllowance.objects.select_for_update().filter(schedule=schedule)
    day = days.filter(date=schedule.on_date).first()
    if day is None:
        return
    limits = caps.limits(provider_caps, daily_limit=day.daily_limit)
    used = dict(day.providers.values_list("provider", "used"))
    day.providers.update(daily_limit=None)
    ProviderAllowance.objects.bulk_create(
        [
            ProviderAllowance(
                allowance=day,
                provider=provider,
                daily_limit=max(limit, used.get(provider, 0)),
            )
            for provider, limit in limits.items()
        ],
        update_conflicts=True,
        unique_fields=["allowance", "provider"],
        update_fields=["daily_limit"],
    )


def abort_warmup(schedule_id: int, *, now: datetime, actor: str = SYSTEM) -> WarmupSchedule:
    """End a warm-up before its time; the IP counts as warm from now on.

    Raises DomainError `not_active` if it has ended.
    """
    with transaction.atomic():
        schedule = _locked(schedule_id, allowed=tuple(OPEN))
        schedule.status, schedule.ended_at = Status.ABORTED.value, now
        schedule.daily_limit = None
        schedule.save()
        _note(schedule, "aborted", actor=actor, now=now)
    return schedule


def _note(
    schedule: WarmupSchedule, what: str, *, actor: str, now: datetime, **details: object
) -> None:
    AuditEntry.objects.create(
        organization_id=schedule.organization_id,
        actor=actor,
        action=f"warmup.{what}",
        subject=f"warm-up of {schedule.ip.address}",
        details={"day": schedule.current_day, **details},
        at=now,
    )


def _locked(schedule_id: int, *, allowed: tuple[Status, ...]) -> WarmupSchedule:
    schedule = (
        WarmupSchedule.objects.select_for_update(of=("self",))
        .select_related("organization", "ip")
        .get(pk=schedule_id)
    )
    if Status(schedule.status) not in allowed:
        raise DomainError(
            "not_active", f"This warm-up is {schedule.status}.", {"status": schedule.status}
        )
    return schedule
