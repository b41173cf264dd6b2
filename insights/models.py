"""What happened to every message, and the inbox of those who report it."""

from __future__ import annotations

import secrets
import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models

from campaigns.models import Organization
from common.models import Timestamped
from common.secrets import EncryptedField
from insights.events import Actor, BounceClass, EventType, Source
from insights.mailbox_models import DomainStatus, MailDomain, ProviderRule
from insights.metrics import DIMENSIONS
from insights.providers.anymail.esps import ESPS
from insights.webhook_models import (
    DeliveryKind,
    DeliveryStatus,
    Webhook,
    WebhookDelivery,
    WebhookOutbox,
)

ESP_CHOICES = [(slug, esp.name) for slug, esp in ESPS.items()]

__all__ = [
    "DeliveryEvent",
    "DeliveryKind",
    "DeliveryStatus",
    "DomainStatus",
    "ExportJob",
    "ExportStatus",
    "HourlyCount",
    "InboxKey",
    "MailDomain",
    "PayloadStatus",
    "ProviderRule",
    "RawPayload",
    "Webhook",
    "WebhookDelivery",
    "WebhookOutbox",
]

# Most mail goes to these, so a search for one of them soon finds some without an index.
LARGE_PROVIDERS = (
    "gmail", "google_workspace", "outlook", "microsoft365", "yahoo", "apple", "other", "unknown",
)  # fmt: skip


def _choices(members: type[EventType | BounceClass | Actor | Source]) -> list[tuple[str, str]]:
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
    event_type = models.CharField(max_length=12, choices=_choices(EventType))
    provider = models.CharField(max_length=40)
    identity_id = models.BigIntegerField(null=True)
    list_id = models.BigIntegerField(null=True)
    stream = models.CharField(max_length=20)
    ip = models.CharField(max_length=45, blank=True)
    variant = models.CharField(max_length=8, blank=True)
    smtp_code = models.PositiveSmallIntegerField(null=True)
    enhanced_code = models.CharField(max_length=12, blank=True)
    smtp_response = models.TextField(blank=True)
    bounce_class = models.CharField(max_length=10, blank=True, choices=_choices(BounceClass))
    actor = models.CharField(max_length=10, blank=True, choices=_choices(Actor))
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
    source = models.CharField(max_length=20, choices=_choices(Source))
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


class HourlyCount(models.Model):
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
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hour", *DIMENSIONS], name="hourly_count_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign_id", "hour"], name="hourly_count_by_campaign"),
            models.Index(fields=["organization_id", "hour"], name="hourly_count_by_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h of campaign {self.campaign_id}"


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


class InboxKey(Timestamped):
    """An address that reports may be posted to: `/hooks/<source>/<key>`.

    That of a commercial provider is `/anymail/<key>/<esp>/tracking`.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="inbox_keys")
    source = models.CharField(
        max_length=20,
        choices=[
            (Source.MAIL.value, "Mail"),
            (Source.STALWART.value, "Stalwart"),
            (Source.ANYMAIL.value, "Commercial provider"),
        ],
        default=Source.MAIL.value,
    )
    esp = models.CharField(
        max_length=20,
        blank=True,
        choices=ESP_CHOICES,
        verbose_name="commercial provider",
        help_text="Which one posts here; empty for mail and Stalwart.",
    )
    name = models.CharField(max_length=100, help_text="Who posts here, so that it can be revoked.")
    key = models.CharField(
        max_length=64, unique=True, editable=False, default=secrets.token_urlsafe
    )
    secret = EncryptedField(blank=True, default="")

    class Meta:
        verbose_name = "inbox address"
        verbose_name_plural = "inbox addresses"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(source=Source.ANYMAIL.value) ^ models.Q(esp=""),
                name="inboxkey_names_its_provider",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.esp or self.source})"


class PayloadStatus(models.TextChoices):
    """How far a payload of the inbox has come."""

    WAITING = "waiting"  # not read yet, or to be read again at `due_at`
    READ = "read"  # all that it says is recorded
    UNREADABLE = "unreadable"  # some of it, or all, says nothing that we understand
    UNATTRIBUTED = "unattributed"  # some of it speaks of no message that we know


class RawPayload(models.Model):
    """What somebody reported, byte by byte as it came in, and what became of it.

    `headers` holds the few that help to understand it, never a secret.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="payloads")
    source = models.CharField(max_length=20, choices=_choices(Source))
    esp = models.CharField(
        max_length=20, blank=True, choices=ESP_CHOICES, verbose_name="commercial provider"
    )
    received_at = models.DateTimeField()
    envelope_to = models.CharField(max_length=320, blank=True, help_text="Whom a mail came to.")
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    status = models.CharField(
        max_length=12, choices=PayloadStatus.choices, default=PayloadStatus.WAITING
    )
    problem = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "report"
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                name="payload_waiting",
                condition=models.Q(status="waiting"),
            ),
            models.Index(fields=["organization", "status", "id"], name="payload_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.received_at:%Y-%m-%d %H:%M:%S}"


class ExportStatus(models.TextChoices):
    """Where an export is."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"  # its file was deleted


class ExportJob(Timestamped):
    """A file of the messages that meet what was asked. See `insights.operations.exports`.

    `byte_count` and `last_recipient_id` say how far the file is good: a run that dies is taken up
    from there.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="exports")
    filters = models.JSONField(default=dict, help_text="As `Criteria.as_json` gives them.")
    started_by = models.CharField(max_length=200)
    status = models.CharField(
        max_length=10, choices=ExportStatus.choices, default=ExportStatus.WAITING
    )
    failure = models.TextField(blank=True)
    total_count = models.PositiveIntegerField(null=True)
    row_count = models.PositiveIntegerField(default=0)
    byte_count = models.PositiveBigIntegerField(default=0)
    last_recipient_id = models.BigIntegerField(default=0)
    path = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "export"
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="export_newest_first"),
            models.Index(
                fields=["id"],
                name="export_unfinished",
                condition=models.Q(status__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"messages-{self.pk}.csv"

    @property
    def progress(self) -> float:
        """The share of the rows that is written, 0 to 1."""
        if self.status == ExportStatus.FINISHED:
            return 1.0
        return min(self.row_count / self.total_count, 1.0) if self.total_count else 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it by itself, but that its file is deleted."""
        return self.status not in (ExportStatus.WAITING, ExportStatus.RUNNING)
