"""Celery tasks of insights: one call each. The database holds the work; a lost one costs a tick."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from celery import shared_task
from django.utils import timezone

import insights.conf
import insights.operations.histories
import insights.operations.mailboxes
import insights.operations.revising
import insights.operations.webhooks
import insights.pipeline
from common.conf import outgoing_networks, webhook_runners
from common.outgoing import OutgoingClient

# With the last request, which may take 15 seconds, a turn ends before workers are killed.
TURN: Final = timedelta(seconds=14)
DELIVERIES_KEPT: Final = timedelta(days=30)


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


@shared_task(ignore_result=True, acks_late=True)
def deliver_webhooks(**_: object) -> None:
    """Tell webhooks what happened; every second."""
    client = OutgoingClient(networks=outgoing_networks())
    insights.pipeline.deliver_due(
        client=client, clock=timezone.now, lasting=TURN, runners=webhook_runners()
    )


@shared_task(ignore_result=True)
def forget_deliveries(**_: object) -> None:
    """Delete what was told to webhooks a month ago; once a day."""
    insights.operations.webhooks.forget_deliveries(made_before=timezone.now() - DELIVERIES_KEPT)
