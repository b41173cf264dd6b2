"""Webhooks of commercial providers, as django-anymail verifies and normalizes them."""

from insights.providers.anymail.reading import claims_machine, reports_of

__all__ = ["claims_machine", "reports_of"]
