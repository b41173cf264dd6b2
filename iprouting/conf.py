"""Typed view of the settings of sending IPs; their only reader."""

from __future__ import annotations

from django.conf import settings


def valkey_url() -> str:
    """Return the address of the Valkey server by which workers keep to one pace."""
    return str(settings.REDIS_URL)
