"""What providers make of the mail of each IP."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import Organization


class IPReputation(models.Model):
    """What became in one hour of UTC of the mail that left from one IP for one provider.

    Kept from the hourly counts by `iprouting.operations.refresh_reputation`. The IP is the text
    that stands on events: the figures outlive the sending IP.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    ip = models.CharField("IP", max_length=45)
    provider = models.CharField(max_length=40)
    sent = models.IntegerField(default=0)
    delivered = models.IntegerField(default=0)
    bounced = models.IntegerField(default=0)
    complained = models.IntegerField(default=0)
    window_start = models.DateTimeField()

    class Meta:
        db_table = "ip_reputation"
        verbose_name = "IP reputation"
        verbose_name_plural = "IP reputation"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "window_start", "ip", "provider"],
                name="ip_reputation_once_per_hour",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["window_start"], name="ip_reputation_by_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.ip} at {self.provider}, {self.window_start:%Y-%m-%d %H}h"
