"""Counts of events by the hour, sums of them, and what is known of their being right."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from campaigns.models import Organization
from insights.metrics import DIMENSIONS


class Counts(models.Model):
    """The counters of `insights/metrics.py`. A correction arrives as a negative number."""

    sent = models.IntegerField(default=0)
    deferred = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    opens = models.IntegerField(default=0)
    machine_opens = models.IntegerField(default=0)
    clicks = models.IntegerField(default=0)
    machine_clicks = models.IntegerField(default=0)
    delivered = models.IntegerField(default=0)
    bounced = models.IntegerField(default=0)
    bounced_hard = models.IntegerField(default=0)
    bounced_soft = models.IntegerField(default=0)
    bounced_block = models.IntegerField(default=0)
    bounced_expired = models.IntegerField(default=0)
    unique_opens = models.IntegerField(default=0)
    unique_clicks = models.IntegerField(default=0)
    replies = models.IntegerField(default=0)
    unsubscribes = models.IntegerField(default=0)
    complaints = models.IntegerField(default=0)

    class Meta:
        abstract = True


class HourlyCount(Counts):
    """How much happened in one hour of UTC, for each combination of what it is looked at by.

    What each counter counts is said in `insights/metrics.py`. 0 stands for no identity and no list.
    A correction arrives as a negative number, so the columns must be able to hold one.
    """

    hour = models.DateTimeField()
    organization_id = models.BigIntegerField()
    campaign_id = models.BigIntegerField()
    provider = models.CharField(max_length=40)
    identity_id = models.BigIntegerField()
    list_id = models.BigIntegerField()
    ip = models.CharField(max_length=45, blank=True)
    stream = models.CharField(max_length=20)
    variant = models.CharField(max_length=8, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hour", *DIMENSIONS], name="hourly_count_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign_id", "hour"], name="hourly_count_by_campaign"),
            models.Index(fields=["organization_id", "hour"], name="hourly_count_by_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h of campaign {self.campaign_id}"


class HourlySummary(Counts):
    """Hourly counts summed up by one thing; see `insights/operations/summaries.py`."""

    organization_id = models.BigIntegerField()
    dimension = models.CharField(max_length=12)
    key = models.CharField(max_length=45, blank=True)
    hour = models.DateTimeField()
    tracked_opens = models.IntegerField(help_text="Delivered with a pixel.")
    tracked_clicks = models.IntegerField(help_text="Delivered with tracked links.")

    class Meta:
        verbose_name_plural = "hourly summaries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization_id", "dimension", "hour", "key"], name="hourly_summary_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h by {self.dimension}: {self.key}"


class StaleHour(models.Model):
    """An hour whose counts changed since it was summed up; it may stand here several times."""

    organization_id = models.BigIntegerField()
    hour = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization_id", "hour"], name="stale_hour_by_organization")
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h of organization {self.organization_id}"


class SummarizedOrganization(models.Model):
    """An organization all of whose hours are summed up, but for the stale ones."""

    organization_id = models.BigIntegerField(unique=True)

    def __str__(self) -> str:
        return str(self.organization_id)


class DroppedMonth(models.Model):
    """A month of UTC whose events are no longer kept. Its counts are, and cannot be made anew."""

    begin = models.DateTimeField(unique=True)
    events = models.BigIntegerField(help_text="How many there were.")
    dropped_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.begin:%Y-%m}"


class CountCheck(models.Model):
    """What one comparison of an organization's counts with its events found."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="count_checks")
    compared_at = models.DateTimeField()
    since = models.DateTimeField()
    differences = models.PositiveIntegerField()
    examples = ArrayField(models.TextField(), default=list)

    class Meta:
        verbose_name = "check of counts"
        verbose_name_plural = "checks of counts"

    def __str__(self) -> str:
        return f"{self.differences} differences on {self.compared_at:%Y-%m-%d}"
