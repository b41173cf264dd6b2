"""Celery tasks of sending IPs: one call each."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from celery import shared_task
from django.utils import timezone

import iprouting.operations

RECENT: Final = timedelta(hours=26)  # what scores look at, and what may still change in between
CORRECTED: Final = timedelta(days=14)  # mail bounces and is complained of so long afterwards


@shared_task(ignore_result=True, acks_late=True)
def refresh_reputation(**_: object) -> None:
    """Bring the reputation of IPs up to what happened lately; every 30 seconds."""
    iprouting.operations.refresh_reputation(look_back=RECENT, now=timezone.now())


@shared_task(ignore_result=True, acks_late=True)
def correct_reputation(**_: object) -> None:
    """Bring earlier hours up to what was reported since; every hour."""
    iprouting.operations.refresh_reputation(look_back=CORRECTED, now=timezone.now())


@shared_task(ignore_result=True, acks_late=True)
def forget_decisions(**_: object) -> None:
    """Delete the reasons for choices of long ago; every hour."""
    iprouting.operations.forget_decisions(now=timezone.now())
