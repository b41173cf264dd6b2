"""Typed view of the settings of insights; their only reader."""

from __future__ import annotations

from django.conf import settings


def nameservers() -> tuple[str, ...]:
    """Return the nameservers to ask, as they are written; none stands for those of the system."""
    return tuple(str(written) for written in settings.MAILWRIGHT["DNS_SERVERS"])
