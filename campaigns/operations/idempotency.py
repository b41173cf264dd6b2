"""Housekeeping of answers kept for repeated requests."""

from __future__ import annotations

from datetime import datetime

from campaigns.models import IdempotencyRecord


def forget_answers(*, made_before: datetime) -> int:
    """Delete the kept answers that are older; return how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=made_before).delete()[0]
