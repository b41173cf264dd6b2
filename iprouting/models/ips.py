"""From where mail leaves: sending IPs, in pools."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import Organization, Stream
from common.models import Timestamped
from iprouting.models.transports import Transport


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
