"""Events: an append-only row for everything that happened to a message."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models

from insights.events import Actor, BounceClass, EventType, Source

# Most mail goes to these, so a search for one of them soon finds some without an index.
LARGE_PROVIDERS = (
    "gmail", "google_workspace", "outlook", "microsoft365", "yahoo", "apple", "other", "unknown",
)  # fmt: skip


def choices(members: type[EventType | BounceClass | Actor | Source]) -> list[tuple[str, str]]:
    return [(member.value, member.value.capitalize()) for member in members]


class DeliveryEvent(models.Model):
    """An append-only row for each event, partitioned by month on `ts`.

    References are plain numbers, without foreign keys: events outlive what they speak of, and are
    written by COPY on the hot path. The primary key in the database is (id, ts), as partitioning
    asks; `id` alone is unique, since it comes from one sequence.
    """

    id = models.BigAutoField(primary_key=True)
    organization_id = models.BigIntegerField()
    campaign_id = models.BigIntegerField()
    recipient_id = models.BigIntegerField()
    event_type = models.CharField(max_length=12, choices=choices(EventType))
    provider = models.CharField(max_length=40)
    identity_id = models.BigIntegerField(null=True)
    list_id = models.BigIntegerField(null=True)
    stream = models.CharField(max_length=20)
    ip = models.CharField(max_length=45, blank=True)
    variant = models.CharField(max_length=8, blank=True)
    smtp_code = models.PositiveSmallIntegerField(null=True)
    enhanced_code = models.CharField(max_length=12, blank=True)
    smtp_response = models.TextField(blank=True)
    bounce_class = models.CharField(max_length=10, blank=True, choices=choices(BounceClass))
    actor = models.CharField(max_length=10, blank=True, choices=choices(Actor))
    actor_reasons = ArrayField(models.CharField(max_length=60), default=list)
    url = models.TextField(blank=True)
    link_number = models.PositiveIntegerField(null=True)
    agent = models.CharField(max_length=40, default="", db_default="", blank=True)
    network = models.CharField(max_length=43, default="", db_default="", blank=True)
    method = models.CharField(max_length=4, default="", db_default="", blank=True)
    seconds_after_delivery = models.FloatField(null=True)
    actor_confidence = models.FloatField(null=True)
    classifier_version = models.PositiveSmallIntegerField(null=True)
    revise_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=20, choices=choices(Source))
    natural_key = models.UUIDField(default=uuid.uuid4)
    ts = models.DateTimeField()

    class Meta:
        db_table = "email_delivery_events"
        verbose_name = "event"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["natural_key", "ts"], name="event_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign_id", "event_type", "ts"], name="event_by_campaign"),
            models.Index(fields=["recipient_id", "ts"], name="event_by_recipient"),
            models.Index(fields=["organization_id", "ts"], name="event_by_organization"),
            models.Index(
                fields=["revise_at"],
                name="event_to_revise",
                condition=models.Q(revise_at__isnull=False),
            ),
            # What is rare, so that a search for it need not go through everything else. Each is
            # small: most events are in none of them.
            models.Index(
                fields=["organization_id", "event_type", "ts"],
                name="event_rare_type",
                condition=~models.Q(event_type__in=["sent", "delivered", "opened"]),
            ),
            models.Index(
                fields=["organization_id", "smtp_code", "ts"],
                name="event_refusal_code",
                condition=models.Q(smtp_code__gte=300),
            ),
            models.Index(
                fields=["organization_id", "provider", "ts"],
                name="event_small_provider",
                condition=~models.Q(provider__in=LARGE_PROVIDERS),
            ),
            GinIndex(
                SearchVector("smtp_response", config="simple"),
                name="event_refusal_words",
                condition=models.Q(event_type__in=["deferred", "bounced", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.recipient_id} {self.ts:%Y-%m-%d %H:%M:%S}"
