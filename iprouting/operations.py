"""Writes of sending IPs."""

from __future__ import annotations

from datetime import datetime

from iprouting.models import SendingIP


def mark_unreachable(ip_id: int, *, until: datetime, reason: str) -> None:
    """Leave an IP alone until `until`, because its server could not be reached."""
    SendingIP.objects.filter(pk=ip_id).update(unreachable_until=until, unreachable_reason=reason)


def mark_reachable(ip_id: int) -> None:
    """Forget that an IP's server could not be reached."""
    SendingIP.objects.filter(pk=ip_id, unreachable_until__isnull=False).update(
        unreachable_until=None, unreachable_reason=""
    )
