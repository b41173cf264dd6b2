"""Celery tasks of insights: one call each. The database holds the work; a lost one costs a tick."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

import insights.conf
import insights.operations.mailboxes


@shared_task(ignore_result=True)
def learn_providers(**_: object) -> None:
    """Find out the mailbox providers of contacts; every ten seconds."""
    insights.operations.mailboxes.learn(nameservers=insights.conf.nameservers(), clock=timezone.now)
