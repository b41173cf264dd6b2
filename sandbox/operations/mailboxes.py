"""Who filters the mail of the demo's domains: said by rules, since no DNS knows these names."""

from __future__ import annotations

from insights.mailboxes import RuleKind
from insights.models import DomainStatus, MailDomain, ProviderRule
from sandbox.demo.people import DOMAINS
from sandbox.providers import provider_of


def make_mail_domains() -> None:
    """Add a rule and an entry for each domain of the demo, so that none is ever looked up."""
    providers = {domain: provider_of(domain).name for domain in DOMAINS}
    ProviderRule.objects.bulk_create(
        [
            ProviderRule(kind=RuleKind.DOMAIN.value, pattern=domain, provider=provider)
            for domain, provider in providers.items()
        ],
        ignore_conflicts=True,
    )
    MailDomain.objects.bulk_create(
        [
            MailDomain(domain=domain, provider=provider, status=DomainStatus.NAMED)
            for domain, provider in providers.items()
        ],
        ignore_conflicts=True,
    )
