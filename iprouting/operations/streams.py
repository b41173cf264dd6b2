"""Writes of pools and sending IPs that keep marketing and transactional mail apart.

Triggers of the database hold the same rules; here they are said in words before it comes to that.
"""

from __future__ import annotations

from campaigns.models import Stream
from common.errors import DomainError
from iprouting.models import Pool, SendingIP


def save_pool(pool: Pool) -> Pool:
    """Return the stored pool. Raises DomainError for a fallback or stream that it cannot have."""
    _require_stream_kept(pool)
    if pool.fallback is not None:
        _require_fallback(pool, pool.fallback)
    pool.full_clean()
    pool.save()
    return pool


def _require_stream_kept(pool: Pool) -> None:
    before = Pool.objects.filter(pk=pool.pk).values_list("stream", flat=True).first()
    used = SendingIP.objects.filter(pool=pool.pk).exists() if pool.pk else False
    standing_in = Pool.objects.filter(fallback=pool.pk).exists() if pool.pk else False
    if before is not None and before != pool.stream and (used or standing_in):
        raise DomainError(
            "pool_in_use",
            "This pool is in use, so it stays with its kind of mail. Make another pool, and move "
            "nothing but new IPs there.",
            {"field": "stream"},
        )


def _require_fallback(pool: Pool, fallback: Pool) -> None:
    if pool.stream != Stream.TRANSACTIONAL:
        raise DomainError(
            "fallback_not_allowed",
            "Only transactional mail has a fallback: marketing mail waits.",
            {"field": "fallback"},
        )
    fits = fallback.stream == pool.stream and fallback.organization_id == pool.organization_id
    if not fits or fallback.pk == pool.pk:
        raise DomainError(
            "fallback_unfit",
            "Choose another pool for transactional mail.",
            {"field": "fallback"},
        )
    chained = fallback.fallback_id is not None
    if chained or (pool.pk and Pool.objects.filter(fallback=pool.pk).exists()):
        raise DomainError(
            "fallback_chained",
            "A pool that others fall back to has no fallback of its own.",
            {"field": "fallback"},
        )


def save_ip(ip: SendingIP) -> SendingIP:
    """Return the stored IP. Raises DomainError when it would send both kinds of mail."""
    elsewhere = SendingIP.objects.filter(organization=ip.organization_id, address=ip.address)
    if elsewhere.exclude(pk=ip.pk).exclude(pool__stream=ip.pool.stream).exists():
        raise DomainError(
            "ip_in_another_stream",
            "This IP sends the other kind of mail already. What one of them does to the "
            "reputation of an IP, the other would suffer from.",
            {"field": "pool"},
        )
    ip.full_clean()
    ip.save()
    return ip
