"""Reads of sending IPs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from iprouting.models import SendingIP


def usable_ips(organization_id: int, *, stream: str, now: datetime) -> QuerySet[SendingIP]:
    """Return the active IPs of a stream whose server could be reached, with transport and pool."""
    reachable = Q(unreachable_until__isnull=True) | Q(unreachable_until__lte=now)
    return configured_ips(organization_id, stream=stream).filter(reachable)


def configured_ips(organization_id: int, *, stream: str) -> QuerySet[SendingIP]:
    """Return the active IPs of a stream, oldest first, with transport and pool."""
    return (
        SendingIP.objects.filter(organization=organization_id, active=True, pool__stream=stream)
        .select_related("transport", "pool")
        .order_by("pk")
    )
