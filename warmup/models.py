"""Warm-up schedules, what each IP may send on a date, and what workers have reserved of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import Organization
from common.models import Timestamped
from iprouting.models import SendingIP
from warmup.caps import LONGEST_PROVIDER
from warmup.progress import OPEN, Status
from warmup.schedule import PRESETS, STANDARD


class WarmupSchedule(Timestamped):
    """The warm-up of one IP. An IP has at most one that has not ended."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    ip = models.ForeignKey(
        SendingIP, models.CASCADE, related_name="warmups", verbose_name="sending IP"
    )
    preset = models.CharField(
        max_length=20,
        choices=[(preset.name, preset.label) for preset in PRESETS.values()],
        default=STANDARD,
        verbose_name="schedule",
    )
    provider_caps = models.JSONField(default=list, blank=True)  # as warmup.caps.stored gives them
    started_at = models.DateTimeField(verbose_name="starts at")
    current_day = models.PositiveIntegerField(default=1, verbose_name="day")
    daily_limit = models.PositiveIntegerField(null=True, verbose_name="today's limit")
    status = models.CharField(
        max_length=10,
        choices=[(status.value, status.value.capitalize()) for status in Status],
        default=Status.SCHEDULED.value,
    )
    paused_reason = models.TextField(blank=True)
    # Staff resume what staff paused; what the figures paused goes on by itself on this local date.
    resumes_on = models.DateField(null=True)
    on_date = models.DateField(null=True)  # the local date that `current_day` stands for
    # What happened before is forgiven: `recent_counts` leaves it out.
    figures_since = models.DateTimeField(null=True)
    stopped_on = models.DateField(null=True)  # the last local date on which it was paused
    last_sent_date = models.DateField(null=True)  # before `on_date`
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "warmup_schedules"
        verbose_name = "warm-up"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["ip"],
                condition=models.Q(status__in=sorted(OPEN)),
                name="warmup_one_open_per_ip",
            )
        ]

    def __str__(self) -> str:
        return f"Warm-up of {self.ip}"


class DailyAllowance(models.Model):
    """What an IP may send on a local date, and what it has sent or was reserved."""

    schedule = models.ForeignKey(WarmupSchedule, models.CASCADE, related_name="allowances")
    date = models.DateField()
    day = models.PositiveIntegerField()
    daily_limit = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "daily allowance"
        verbose_name_plural = "daily allowances"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schedule", "date"], name="allowance_once_a_date"),
            models.CheckConstraint(
                condition=models.Q(used__lte=models.F("daily_limit")),
                name="allowance_never_exceeded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date}: {self.used:,} of {self.daily_limit:,}"


class ProviderAllowance(models.Model):
    """What of a day's allowance went to one mailbox provider, reserved included, and how much may.

    Without a `daily_limit` the provider has no cap. A row is only changed by whoever has locked
    the row of its day.
    """

    allowance = models.ForeignKey(DailyAllowance, models.CASCADE, related_name="providers")
    provider = models.CharField(max_length=LONGEST_PROVIDER)
    daily_limit = models.PositiveIntegerField(null=True)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["allowance", "provider"], name="provider_allowance_once_a_day"
            ),
            models.CheckConstraint(
                condition=models.Q(used__lte=models.F("daily_limit")),
                name="provider_allowance_never_exceeded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.used:,} of {self.daily_limit}"


class Reservation(models.Model):
    """Room for one provider that one claim took, until it is known how much of it was used."""

    owner = models.UUIDField()  # of the lease
    allowance = models.ForeignKey(DailyAllowance, models.CASCADE, related_name="reservations")
    provider = models.CharField(max_length=LONGEST_PROVIDER)
    count = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "allowance", "provider"], name="reservation_once_per_claim"
            )
        ]

    def __str__(self) -> str:
        return f"{self.count:,} to {self.provider} for {self.owner}"
