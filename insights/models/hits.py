"""Opens and clicks that wait to be judged, and what judging rests on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import Organization
from insights.events import EventType
from insights.models.events import choices


class TrackingHit(models.Model):
    """A request for a pixel or link that is stored but not judged yet; a worker makes it an event.

    Plain numbers without foreign keys, and no index beside the key: one is written while a reader
    of mail waits for a picture. `network` is as much of the address as is ever kept.
    """

    recipient_id = models.BigIntegerField()
    event_type = models.CharField(max_length=12, choices=choices(EventType))
    at = models.DateTimeField()
    user_agent = models.TextField()
    network = models.CharField(max_length=43, blank=True)
    method = models.CharField(max_length=4)
    url = models.TextField(blank=True)
    link_number = models.PositiveIntegerField(null=True)
    due_at = models.DateTimeField()
    problem = models.TextField(blank=True)

    class Meta:
        verbose_name = "open or click that waits"
        verbose_name_plural = "opens and clicks that wait"

    def __str__(self) -> str:
        return f"{self.event_type} {self.recipient_id} {self.at:%Y-%m-%d %H:%M:%S}"


class DomainHistory(models.Model):
    """How soon links are followed at one domain of recipients, in the last weeks.

    Made anew every hour; only domains with enough messages to say anything have a row.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    domain = models.CharField(max_length=253)
    messages = models.PositiveIntegerField(help_text="In which a link was followed.")
    fast_messages = models.PositiveIntegerField(
        help_text="Of them, in which that was within moments of delivery."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "domain"], name="domain_history_once")
        ]

    def __str__(self) -> str:
        return self.domain
