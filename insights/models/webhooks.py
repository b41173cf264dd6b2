"""Webhooks: whom we tell what happened, what is still to be told, and how telling it went."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from campaigns.models import Organization
from common.models import Timestamped
from common.outgoing.web_addresses import LONGEST_CHARS
from common.secrets import EncryptedField
from insights.deliveries import EVENT_NAMES, LARGEST_BATCH, message_id

DEFAULT_BATCH = 100  # events


class Webhook(Timestamped):
    """An address of somebody else that is told what happens to the mail of an organization."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="webhooks")
    url = models.CharField(
        "address", max_length=LONGEST_CHARS, help_text="Where we post to, such as https://..."
    )
    description = models.CharField(max_length=200, blank=True, help_text="What it is for.")
    event_types = ArrayField(
        models.CharField(max_length=40, choices=[(name, name) for name in EVENT_NAMES]),
        verbose_name="events",
    )
    batch_size = models.PositiveSmallIntegerField(
        "events in a request",
        default=DEFAULT_BATCH,
        validators=[MinValueValidator(1), MaxValueValidator(LARGEST_BATCH)],
        help_text="At the most. With 1, each event comes in a request of its own.",
    )
    active = models.BooleanField(
        default=True, help_text="While it is off, events are not kept for it."
    )
    secret = EncryptedField(editable=False)
    old_secret = EncryptedField(editable=False, blank=True, default="")
    old_secret_until = models.DateTimeField(null=True, editable=False)
    switched_off_reason = models.TextField(blank=True, editable=False)
    last_delivered_at = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)  # since the last success
    failing_since = models.DateTimeField(null=True, editable=False)
    last_problem = models.TextField(blank=True, editable=False)
    resting_until = models.DateTimeField(null=True, editable=False)
    # Until then a worker has its turn with it; in the past it is when the last turn ended.
    busy_until = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.description or self.url


class Happening(models.Model):
    """A change of state that a webhook listened for; only triggers of the database write it.

    Its ids are drawn from those of mail events, so that receivers tell all events apart by them.
    The organization has no constraint in the database: noting must not hinder its deletion.
    """

    id = models.BigIntegerField(primary_key=True)
    organization = models.ForeignKey(
        Organization, models.CASCADE, db_constraint=False, related_name="+"
    )
    event_type = models.CharField(max_length=40)
    ts = models.DateTimeField()
    data = models.JSONField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["ts"], name="happening_by_age")]

    def __str__(self) -> str:
        return f"{self.event_type} {self.pk}"


class WebhookOutbox(models.Model):
    """Events that a webhook is to be told of, written in the transaction that recorded them.

    Mail events and happenings alike; they are named by their ids and the time they lie in. The
    webhook has no constraint in the database: whoever deletes it must not make the recording of
    events fail.
    """

    webhook = models.ForeignKey(
        Webhook, models.CASCADE, db_constraint=False, related_name="outbox", editable=False
    )
    event_ids = ArrayField(models.BigIntegerField())
    first_ts = models.DateTimeField()
    last_ts = models.DateTimeField()

    def __str__(self) -> str:
        return f"{len(self.event_ids)} events for webhook {self.webhook_id}"


class DeliveryKind(models.TextChoices):
    """What a delivery tells."""

    EVENTS = "events", "Events"
    TEST = "test", "Test"


class DeliveryStatus(models.TextChoices):
    """How far a delivery has come."""

    WAITING = "waiting"  # to be sent at `due_at`
    DELIVERED = "delivered"  # the other side answered with success
    FAILED = "failed"  # given up; it can be replayed


class WebhookDelivery(models.Model):
    """One request to a webhook, however often it is tried, and the last answer to it."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    kind = models.CharField(
        max_length=10, choices=DeliveryKind.choices, default=DeliveryKind.EVENTS
    )
    number = models.UUIDField(unique=True, default=uuid.uuid4)
    event_ids = ArrayField(models.BigIntegerField(), default=list)
    first_ts = models.DateTimeField(null=True)
    last_ts = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    status = models.CharField(
        max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease = models.UUIDField(null=True)  # of the worker that sends it now
    leased_until = models.DateTimeField(null=True)
    attempted_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_excerpt = models.TextField(blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        indexes: ClassVar = [
            models.Index(
                fields=["webhook", "due_at"],
                name="webhook_delivery_waiting",
                condition=models.Q(status="waiting"),
            ),
            models.Index(fields=["created_at"], name="webhook_delivery_by_age"),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        """What the other side knows it by: the same on every attempt."""
        return message_id(self.number)

    @property
    def event_count(self) -> int:
        """How many events it tells of."""
        return len(self.event_ids)
