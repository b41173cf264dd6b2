"""Celery tasks of insights: one call each. The database holds the work; a lost one costs a tick."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

import insights.conf
import insights.operations.histories
import insights.operations.mailboxes
import insights.operations.revising


@shared_task(ignore_result=True)
def learn_providers(**_: object) -> None:
    """Find out the mailbox providers of contacts; every ten seconds."""
    insights.operations.mailboxes.learn(nameservers=insights.conf.nameservers(), clock=timezone.now)


@shared_task(ignore_result=True, acks_late=True)
def revise_verdicts(**_: object) -> None:
    """Look again at who opened and clicked, by what is known now; every half minute."""
    insights.operations.revising.revise_due(now=timezone.now())


@shared_task(ignore_result=True, acks_late=True)
def refresh_histories(**_: object) -> None:
    """Learn at which domains links are followed as soon as mail arrives; every hour."""
    insights.operations.histories.refresh_histories(now=timezone.now())
