"""What providers' answers do to sending: rules, breakers, and how much goes to a provider."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from campaigns.models import Organization
from common.models import Timestamped
from common.providers import provider_name
from iprouting.breakers import MOST_MATCHES, Action, BreakerState, PatternKind

LONGEST_WINDOW_SECONDS = 86_400
LONGEST_DURATION_SECONDS = 7 * 86_400
MOST_PER_MINUTE = 1_000_000
MOST_CONNECTIONS = 1_000


class BreakerRule(Timestamped):
    """So many answers like this within so long make an IP do that for so long.

    For the whole installation. An empty provider is any.
    """

    name = models.CharField(max_length=100, help_text="What the provider means by it, in words.")
    provider = models.CharField(
        max_length=40, blank=True, help_text="Its key, such as gmail; empty is any provider."
    )
    kind = models.CharField(
        max_length=10,
        choices=[
            (PatternKind.WORDS.value, "Words"),
            (PatternKind.EXPRESSION.value, "Regular expression"),
        ],
        default=PatternKind.WORDS.value,
    )
    pattern = models.TextField(
        max_length=200,
        help_text="What the answer holds, code included, such as: 421 4.7.0 too many. "
        "Of words, any line; upper and lower case are the same.",
    )
    answer_count = models.PositiveSmallIntegerField(
        "how many answers",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MATCHES)],
        help_text="How many such answers it takes; 1 is at once.",
    )
    window_seconds = models.PositiveIntegerField(
        "within",
        default=3600,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_WINDOW_SECONDS)],
        help_text="Seconds.",
    )
    effect = models.CharField(
        "what follows",
        max_length=10,
        choices=[(Action.SUSPEND.value, "Stop sending"), (Action.SLOW.value, "Slow down")],
        default=Action.SUSPEND.value,
    )
    duration_seconds = models.PositiveIntegerField(
        "for",
        default=3600,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_DURATION_SECONDS)],
        help_text="Seconds; each time in a row twice as long, up to a day.",
    )
    rate_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PER_MINUTE)],
        help_text="Messages a minute while slowed down.",
    )
    connections = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CONNECTIONS)],
        help_text="How many connections carry mail for the provider while slowed down. Where a "
        "relay reports the answers, each counts as 60 messages a minute.",
    )
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = "breaker rule"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    answer_count__gte=1, window_seconds__gte=1, duration_seconds__gte=1
                ),
                name="breaker_rule_counts_something",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Breaker(models.Model):
    """How one sending IP treats one mailbox provider, and why.

    The IP is the text that stands on events, as providers know it. `recent` holds, by rule, when
    answers came that count; `evidence` the last answers themselves.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    ip = models.CharField("IP", max_length=45)
    provider = models.CharField(max_length=40)
    state = models.CharField(
        max_length=10,
        choices=[
            (BreakerState.CLOSED.value, "Closed: mail flows"),
            (BreakerState.SUSPENDED.value, "Stopped"),
            (BreakerState.SLOWED.value, "Slowed down"),
            (BreakerState.PROBING.value, "Half open: probing"),
        ],
        default=BreakerState.CLOSED.value,
    )
    until = models.DateTimeField(null=True, blank=True)
    rate_per_minute = models.PositiveIntegerField(null=True, blank=True)
    connections = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.TextField(blank=True)
    rule_name = models.CharField(max_length=100, blank=True, help_text="Empty: by hand.")
    by_report = models.BooleanField(
        default=False, help_text="Whether a relay reported it, rather than answered so itself."
    )
    evidence = models.JSONField(default=list, blank=True)
    recent = models.JSONField(default=dict, blank=True)
    times_opened = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)
    probed_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200, blank=True, help_text="Empty: it did so itself.")

    class Meta:
        verbose_name = "circuit breaker"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "ip", "provider"], name="breaker_once_per_ip_and_provider"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["closed", "probing"])
                | models.Q(until__isnull=False, opened_at__isnull=False),
                name="breaker_open_ends",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization"],
                name="breaker_not_closed",
                condition=~models.Q(state="closed"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.ip} at {provider_name(self.provider)}"


class ProviderLimit(Timestamped):
    """How much each IP sends to a provider at the most. For the whole installation.

    An empty provider is any that has no limit of its own.
    """

    provider = models.CharField(
        max_length=40,
        blank=True,
        unique=True,
        help_text="Its key, such as gmail; empty is any provider without a limit of its own.",
    )
    rate_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PER_MINUTE)],
        help_text="Messages a minute from each IP, all workers together; empty is any number.",
    )
    connections = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CONNECTIONS)],
        help_text="How many connections of each IP carry mail for the provider at the same time, "
        "all workers together; empty is any number.",
    )
    messages_per_connection = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PER_MINUTE)],
        help_text="After so many messages for the provider a connection is closed, and another "
        "one opened; empty leaves it to the transport.",
    )
    active = models.BooleanField(default=False, help_text="Nothing is limited unless switched on.")

    class Meta:
        verbose_name = "provider limit"

    def __str__(self) -> str:
        return self.provider or "any provider"
