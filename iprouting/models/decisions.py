"""Why the messages of a batch left through the IPs they left through."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import BigIntegerRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models

from campaigns.models import Campaign, Organization, Stream


class RoutingDecision(models.Model):
    """How the mail of one batch was shared out among the sending IPs: one row for up to 500.

    `chosen` has the numbers of the messages by IP. `weighed` has a list for each provider, see
    `iprouting.decisions`; `best` is the IP that counted as the best there. Messages do not point
    here: finding one by its number costs little, a write for each would cost much.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="+")
    stream = models.CharField(max_length=20, choices=Stream.choices)
    at = models.DateTimeField()
    between = BigIntegerRangeField()  # of the numbers of its messages; what the index finds it by
    chosen = models.JSONField()
    weighed = models.JSONField()
    best = models.JSONField()

    class Meta:
        indexes: ClassVar = [
            GistIndex(fields=["between"], name="routing_decision_of_message"),
            models.Index(fields=["organization", "stream", "at"], name="routing_decision_latest"),
            models.Index(fields=["at"], name="routing_decision_age"),
        ]

    def __str__(self) -> str:
        return f"Campaign {self.campaign_id}, {self.at:%Y-%m-%d %H:%M:%S}"
