"""Writes of the table of mailbox providers. What a change concerns is judged again, without DNS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import connection, transaction

from common.addresses import AddressError, normalize_address
from common.errors import DomainError
from insights.models import ProviderRule

# Marks a few too many where a pattern has an underscore, which costs nothing.
_MARK: Final = """
UPDATE insights_maildomain AS known SET unjudged = true
FROM unnest(%(patterns)s::text[]) AS pattern
WHERE known.domain = pattern OR EXISTS (
    SELECT FROM unnest(
        CASE known.status WHEN 'address' THEN ARRAY[known.domain::text] ELSE known.mx_hosts END
    ) AS host WHERE '.' || host LIKE '%%.' || pattern)
"""


def save_rule(rule: ProviderRule) -> ProviderRule:
    """Return the rule, stored with its pattern in plain form; domains it concerns are marked.

    Raises DomainError when the pattern is no name.
    """
    rule.pattern = plain_pattern(rule.pattern)
    with transaction.atomic():
        before = ProviderRule.objects.filter(pk=rule.pk).values_list("pattern", flat=True)
        patterns = {rule.pattern, *before}
        rule.save()
        _mark(patterns)
    return rule


def delete_rules(rules: Iterable[ProviderRule]) -> None:
    """Delete rules; domains that they spoke of are marked."""
    with transaction.atomic():
        gone = list(rules)
        ProviderRule.objects.filter(pk__in=[rule.pk for rule in gone]).delete()
        _mark({rule.pattern for rule in gone})


def plain_pattern(written: str) -> str:
    """Return a pattern in lower-case ASCII without dots or a star around it.

    Raises DomainError when it is no name, or the end of every name, such as "com".
    """
    name = written.strip().removeprefix("*").strip(".")
    try:
        return normalize_address(f"postmaster@{name}").domain
    except AddressError as error:
        raise DomainError(
            "pattern_invalid",
            'Give a domain, or the end of a mail server\'s name, such as "mx.example.com".',
            {"field": "pattern"},
        ) from error


def _mark(patterns: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MARK, {"patterns": sorted(patterns)})
