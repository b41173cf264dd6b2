"""Through what mail leaves: pools, transports, sending IPs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import Organization, Stream
from common.models import Timestamped
from common.secrets import EncryptedField
from iprouting.breaker_models import Breaker, BreakerRule, ProviderLimit
from iprouting.decision_models import RoutingDecision

__all__ = [
    "Breaker",
    "BreakerRule",
    "IPReputation",
    "Pool",
    "ProviderLimit",
    "RoutingDecision",
    "SendingIP",
    "Transport",
    "TransportKind",
    "TransportSecurity",
]


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


class Pool(Timestamped):
    """Sending IPs of one stream that stand in for each other."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="pools")
    name = models.CharField(max_length=100)
    stream = models.CharField(max_length=20, choices=Stream.choices, default=Stream.MARKETING)
    fallback = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="stands_in_for",
        help_text="Transactional mail leaves through this pool when nothing in its own can take "
        "it. Marketing mail waits instead.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="pool_name_once_per_organization"
            ),
            models.CheckConstraint(
                condition=models.Q(fallback__isnull=True) | models.Q(stream="transactional"),
                name="pool_fallback_for_transactional_only",
            ),
            models.CheckConstraint(
                condition=models.Q(fallback__isnull=True) | ~models.Q(fallback=models.F("id")),
                name="pool_is_not_its_own_fallback",
            ),
        ]

    def __str__(self) -> str:
        return self.name


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


class SendingIP(Timestamped):
    """An IP that mail leaves from, with the way to make it leave from there."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="ips")
    address = models.GenericIPAddressField(verbose_name="IP address")
    hostname = models.CharField(
        max_length=253, blank=True, help_text="The name it says in HELO, such as mta1.example.com."
    )
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="ips")
    transport = models.ForeignKey(Transport, models.PROTECT, related_name="ips")
    bind_address = models.GenericIPAddressField(
        null=True,
        blank=True,
        help_text="Local address to connect from, when this machine has several.",
    )
    return_path_domain = models.CharField(
        max_length=253,
        blank=True,
        help_text="Bounce domain by which the MTA picks this IP; empty uses the sending domain's.",
    )
    header_name = models.CharField(
        max_length=76, blank=True, help_text="Header by which the MTA picks this IP, if any."
    )
    header_value = models.CharField(max_length=200, blank=True)
    provider_options = models.JSONField(
        default=dict,
        blank=True,
        help_text="For a commercial provider: what it is told with each message, by which it picks "
        'the IP or pool, as JSON: {"ip_pool_name": "marketing"}.',
    )
    active = models.BooleanField(default=True, help_text="Only active IPs are used.")
    unreachable_until = models.DateTimeField(null=True, editable=False)
    unreachable_reason = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = "sending IP"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "address", "transport"],
                name="ip_once_per_organization_and_transport",
            )
        ]

    def __str__(self) -> str:
        return self.address


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
