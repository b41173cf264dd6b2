"""The inbox of those who report what happened, and its addresses."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models

from campaigns.models import Organization
from common.models import Timestamped
from common.secrets import EncryptedField
from insights.events import Source
from insights.models.events import choices
from insights.providers.anymail.esps import ESPS

ESP_CHOICES = [(slug, esp.name) for slug, esp in ESPS.items()]


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
    source = models.CharField(max_length=20, choices=choices(Source))
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
