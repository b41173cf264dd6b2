"""What staff do to a warm-up."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from common.errors import DomainError
from iprouting.models import SendingIP
from warmup.models import WarmupSchedule
from warmup.operations.progress import advance
from warmup.progress import OPEN, Status
from warmup.queries import local_date
from warmup.schedule import STANDARD


def start_warmup(
    ip: SendingIP, *, now: datetime, preset: str = STANDARD, starts_at: datetime | None = None
) -> WarmupSchedule:
    """Return the new warm-up of an IP, which begins now or at `starts_at`.

    Raises DomainError `already_warming` if the IP has one that has not ended.
    """
    try:
        with transaction.atomic():
            schedule = WarmupSchedule.objects.create(
                organization_id=ip.organization_id,
                ip=ip,
                preset=preset,
                started_at=starts_at or now,
            )
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
    return schedule


def resume_warmup(schedule_id: int, *, now: datetime) -> WarmupSchedule:
    """Let mail leave through an IP again, on the same day's volume.

    Raises DomainError `not_active` if the warm-up is not paused.
    """
    with transaction.atomic():
        schedule = _locked(schedule_id, allowed=(Status.PAUSED,))
        schedule.status = Status.ACTIVE.value
        schedule.paused_reason, schedule.resumes_on = "", None
        schedule.save()
    return advance(schedule.pk, now=now) or schedule


def abort_warmup(schedule_id: int, *, now: datetime) -> WarmupSchedule:
    """End a warm-up before its time; the IP counts as warm from now on.

    Raises DomainError `not_active` if it has ended.
    """
    with transaction.atomic():
        schedule = _locked(schedule_id, allowed=tuple(OPEN))
        schedule.status, schedule.ended_at = Status.ABORTED.value, now
        schedule.daily_limit = None
        schedule.save()
    return schedule


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
