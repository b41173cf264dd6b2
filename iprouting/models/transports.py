"""How mail is handed over."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import Organization
from common.models import Timestamped
from common.secrets import EncryptedField


class TransportKind(models.TextChoices):
    """How mail is handed over."""

    SMTP = "smtp", "SMTP server"
    ANYMAIL = "anymail", "Commercial provider"


class TransportSecurity(models.TextChoices):
    """How a connection is encrypted."""

    NONE = "none", "Not encrypted (same machine only)"
    STARTTLS_IF_OFFERED = "starttls_if_offered", "STARTTLS where offered"
    STARTTLS = "starttls", "STARTTLS, always"
    IMPLICIT = "implicit", "TLS from the start (port 465)"


class Transport(Timestamped):
    """How mail is handed to an MTA or to a commercial provider."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="transports")
    name = models.CharField(max_length=100)
    kind = models.CharField(
        max_length=10, choices=TransportKind.choices, default=TransportKind.SMTP
    )
    host = models.CharField(max_length=253, blank=True, help_text="Such as mta.example.com.")
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(
        max_length=20, choices=TransportSecurity.choices, default=TransportSecurity.STARTTLS
    )
    verify_certificate = models.BooleanField(default=True)
    username = models.CharField(max_length=200, blank=True)
    password = EncryptedField(blank=True, default="")
    backend = models.CharField(
        max_length=200,
        blank=True,
        help_text="For a commercial provider, such as anymail.backends.postmark.EmailBackend.",
    )
    backend_settings = EncryptedField(
        blank=True, default="", help_text='For a commercial provider, as JSON: {"api_key": "..."}.'
    )
    final_hop = models.BooleanField(
        default=False,
        verbose_name="delivers into mailboxes itself",
        help_text="Its acceptance then counts as delivered. Leave off for a relay.",
    )
    connections = models.PositiveSmallIntegerField(
        default=16, help_text="Kept open by each sending worker."
    )
    messages_per_connection = models.PositiveIntegerField(default=1000)
    rate_per_second = models.PositiveIntegerField(
        default=0, help_text="Messages a second of each sending worker; 0 is as fast as it goes."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="transport_name_once_per_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name
