"""Celery tasks of warm-up: one call each."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

import warmup.operations.progress


@shared_task(ignore_result=True)
def advance_warmups(**_: object) -> None:
    """Bring every warm-up to the present date; beat calls this every half minute."""
    warmup.operations.progress.advance_due(now=timezone.now())
