"""Celery tasks of sending: one call each. The database holds the work; a lost one costs a tick."""

from __future__ import annotations

import functools
import random
from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.utils import timezone

import campaigns.operations.idempotency
import campaigns.operations.imports
import campaigns.queries.imports
import campaigns.queries.ledger
import insights.operations.comparison
import insights.operations.exports
import insights.operations.inbox
import insights.operations.partitions
import insights.operations.summaries
import insights.queries.exports
import sending.operations.importing
import sending.operations.lifecycle
import sending.operations.tracking
import sending.pipeline.inbox
import sending.pipeline.recovery
from campaigns.models import CampaignKind
from sending import conf
from sending.pipeline import run_campaign

IMPORT_FILE_DAYS = 7
IDEMPOTENCY_DAYS = 2  # keys expire after one
# Django's clock asks the settings each time, which is felt at two looks a message.
CLOCK = functools.partial(datetime.now, UTC)
TICK_EXPIRES_SECONDS = 5  # a send task that waited longer is replaced by that of a later tick


@shared_task(ignore_result=True)
def send_due(**_: object) -> None:
    """Hand every campaign with due recipients to a send worker; beat calls this every second."""
    now = timezone.now()
    due = list(campaigns.queries.ledger.due_campaigns(now=now).values_list("pk", "kind"))
    random.shuffle(due)  # no campaign stands first in line for good
    for campaign_id, kind in due:
        task = send_transactional if kind == CampaignKind.TRANSACTIONAL else send_campaign
        task.apply_async(kwargs={"campaign_id": campaign_id}, expires=TICK_EXPIRES_SECONDS)


@shared_task(ignore_result=True, acks_late=True)
def send_campaign(*, campaign_id: int, **_: object) -> None:
    """Take one turn at a campaign."""
    run_campaign(campaign_id, clock=CLOCK)


@shared_task(ignore_result=True, acks_late=True)
def send_transactional(*, campaign_id: int, **_: object) -> None:
    """Take one turn at transactional mail, on workers that do nothing else."""
    run_campaign(campaign_id, clock=CLOCK)


@shared_task(ignore_result=True)
def advance_campaigns(**_: object) -> None:
    """Start what is scheduled, prepare what was started, end what is done; every second."""
    for campaign_id in sending.operations.lifecycle.start_scheduled(now=timezone.now()):
        prepare_campaign.delay(campaign_id=campaign_id)
    sending.operations.lifecycle.end_finished(now=timezone.now())


@shared_task(ignore_result=True, acks_late=True)
def prepare_campaign(*, campaign_id: int, **_: object) -> None:
    """Write the ledger of a campaign that was started."""
    sending.operations.lifecycle.prepare(campaign_id, now=timezone.now())


@shared_task(ignore_result=True)
def recover_leases(**_: object) -> None:
    """Settle what dead workers left behind; every ten seconds, on every machine that sends."""
    sending.pipeline.recovery.recover(now=timezone.now())


@shared_task(ignore_result=True, acks_late=True)
def run_import(*, job_id: int, **_: object) -> None:
    """Bring in a file of contacts."""
    sending.operations.importing.run(job_id, now=timezone.now())


@shared_task(ignore_result=True)
def resume_imports(**_: object) -> None:
    """Take up imports whose task was lost or whose worker died; every ten seconds."""
    for job_id in campaigns.queries.imports.due_imports():
        run_import.delay(job_id=job_id)


@shared_task(ignore_result=True)
def discard_import_files(**_: object) -> None:
    """Delete the files of imports that ended a week ago; once a day."""
    campaigns.operations.imports.discard_files(
        finished_before=timezone.now() - timedelta(days=IMPORT_FILE_DAYS)
    )


@shared_task(ignore_result=True)
def forget_answers(**_: object) -> None:
    """Delete answers kept for repeated requests once their keys have expired; once a day."""
    campaigns.operations.idempotency.forget_answers(
        made_before=timezone.now() - timedelta(days=IDEMPOTENCY_DAYS)
    )


@shared_task(ignore_result=True)
def make_partitions(**_: object) -> None:
    """Make room for the events of the coming months; once a day."""
    insights.operations.partitions.make_partitions(now=timezone.now())


@shared_task(ignore_result=True)
def drop_months(**_: object) -> None:
    """Drop the events of months that are kept no longer; once a day."""
    insights.operations.partitions.drop_months(now=timezone.now(), months_kept=conf.event_months())


@shared_task(ignore_result=True)
def sum_up_counts(**_: object) -> None:
    """Sum up the hours whose counts have changed; every ten seconds."""
    insights.operations.summaries.sum_up()


@shared_task(ignore_result=True)
def compare_counts(**_: object) -> None:
    """Compare the counts of the last days with the events; once a night."""
    insights.operations.comparison.compare_recent(now=timezone.now())


@shared_task(ignore_result=True, acks_late=True)
def read_inbox(**_: object) -> None:
    """Read what others have reported; every second."""
    sending.pipeline.inbox.read_inbox(now=timezone.now())


@shared_task(ignore_result=True)
def discard_payloads(**_: object) -> None:
    """Delete reports whose time in the inbox is over; once a day."""
    now = timezone.now()
    insights.operations.inbox.discard(
        read_before=now - conf.inbox_retention(), problems_before=now - conf.problem_retention()
    )


@shared_task(ignore_result=True, acks_late=True)
def run_export(*, job_id: int, **_: object) -> None:
    """Write a file of messages."""
    insights.operations.exports.run_export(
        job_id, directory=conf.export_directory(), clock=timezone.now
    )


@shared_task(ignore_result=True)
def resume_exports(**_: object) -> None:
    """Take up exports whose task was lost or whose worker died; every ten seconds."""
    for job_id in insights.queries.exports.due_exports():
        run_export.delay(job_id=job_id)


@shared_task(ignore_result=True)
def discard_exports(**_: object) -> None:
    """Delete the files of exports whose time is over; every hour."""
    insights.operations.exports.discard_expired(now=timezone.now())


@shared_task(ignore_result=True, acks_late=True)
def record_hits(**_: object) -> None:
    """Judge and record opens and clicks that were noted; every second."""
    sending.operations.tracking.record_hits(now=timezone.now())
