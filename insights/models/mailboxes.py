"""Who filters the mail of a domain: the rules that say so, and what the DNS said."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models

from common.models import Timestamped
from common.providers import UNKNOWN
from insights.mailboxes import DEFAULT_ORDER, Rule, RuleKind

# The key of "not looked up yet" cannot be the answer of a rule: contacts would wait for ever.
_KEY = RegexValidator(
    rf"^(?!{UNKNOWN}$)[a-z][a-z0-9_]*$",
    f'Use small letters, digits and underscores, such as "google_workspace"; not "{UNKNOWN}".',
)


class ProviderRule(Timestamped):
    """One line of the table of mailbox providers and security gateways."""

    kind = models.CharField(
        max_length=10,
        choices=[
            (RuleKind.MX.value, "Mail server (MX)"),
            (RuleKind.DOMAIN.value, "Domain of the address"),
        ],
        default=RuleKind.MX.value,
        verbose_name="looks at",
        help_text="A domain is known by its name alone, without DNS. For all others the mail "
        "servers tell.",
    )
    pattern = models.CharField(
        max_length=253,
        help_text='A domain such as "gmail.com", exactly; or the end of a mail server\'s name: '
        '"google.com" is also "aspmx.l.google.com".',
    )
    provider = models.CharField(
        max_length=40,
        blank=True,
        validators=[_KEY],
        help_text='Who filters the mail, such as "gmail" or "microsoft365". Empty for a gateway, '
        "which hides who is behind it.",
    )
    gateway = models.CharField(
        max_length=40,
        blank=True,
        validators=[_KEY],
        help_text='The security gateway in front, such as "proofpoint". Empty if there is none.',
    )
    order = models.PositiveSmallIntegerField(
        default=DEFAULT_ORDER,
        help_text="Where several rules fit one name, the smallest number wins, then the longest "
        "pattern.",
    )
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = "mailbox provider rule"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "pattern"],
                name="provider_rule_once",
                violation_error_message="There is a rule for this pattern already.",
            ),
            models.CheckConstraint(
                condition=~models.Q(provider="", gateway=""),
                name="provider_rule_says_something",
                violation_error_message="Name a provider, a gateway, or both.",
            ),
        ]

    def __str__(self) -> str:
        return self.pattern

    def as_rule(self) -> Rule:
        """Return the rule as the pure core knows it."""
        return Rule(
            RuleKind(self.kind), self.pattern, self.provider, self.gateway, self.order, self.pk
        )


class DomainStatus(models.TextChoices):
    """What is known of a domain's mail."""

    WAITING = "waiting", "To be looked up"
    NAMED = "named", "Known by name"  # a rule names the domain; the DNS is not asked
    SERVERS = "servers", "Has mail servers"
    ADDRESS = "address", "Has an address only"  # where mail goes then: RFC 5321 5.1
    NULL_MX = "null_mx", "Takes no mail"  # it says so: RFC 7505
    NO_ADDRESS = "no_address", "Has no mail server"
    MISSING = "missing", "Does not exist"


class MailDomain(models.Model):
    """A domain that contacts have addresses at, and who filters its mail.

    One row serves all organizations: it holds what anybody can read in the public DNS and nothing
    about who knows somebody there. Without it each organization would ask the same again.

    `due_at` is when it is to be looked up next, None for never; a worker that takes it up moves
    it ahead, so that nobody else does. `unjudged`: a rule was changed that may fit. `unapplied`:
    contacts may say something else.
    """

    domain = models.CharField(max_length=253, unique=True)
    status = models.CharField(
        max_length=10, choices=DomainStatus.choices, default=DomainStatus.WAITING
    )
    provider = models.CharField(max_length=40, default=UNKNOWN)
    gateway = models.CharField(max_length=40, blank=True, default="")
    mx_hosts = ArrayField(models.TextField(), default=list, verbose_name="mail servers")
    looked_up_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True, default="")
    unjudged = models.BooleanField(default=False)
    unapplied = models.BooleanField(default=False)

    class Meta:
        verbose_name = "mail domain"
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], name="mail_domain_due"),
            models.Index(
                fields=["id"], name="mail_domain_unjudged", condition=models.Q(unjudged=True)
            ),
            models.Index(
                fields=["id"], name="mail_domain_unapplied", condition=models.Q(unapplied=True)
            ),
        ]

    def __str__(self) -> str:
        return self.domain
