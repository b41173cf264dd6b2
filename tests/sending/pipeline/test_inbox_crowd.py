"""Several readers of one inbox, some of whom die half way; and what becomes of old reports."""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection, connections
from django_celery_beat.models import PeriodicTask

from campaigns.models import Recipient
from insights.events import Source
from insights.models import DeliveryEvent, HourlyCount, RawPayload
from insights.operations.inbox import BATCH_PAYLOADS, claim, discard, replay, store
from sending.pipeline.inbox import read_inbox
from suppression.models import Suppression
from tests.factories.campaigns import CampaignFactory, OrganizationFactory
from tests.factories.insights import RawPayloadFactory
from tests.sending.reporting import (
    HAPPENED,
    NOW,
    batch,
    later,
    sent_row,
    stalwart_event,
)

PROJECT = Path(__file__).parents[3]
WITHIN = 60  # seconds; on a busy machine
MESSAGES = BATCH_PAYLOADS * 3 // 5  # each reported twice: more than one batch
# Reads what is due and stops in the middle of it, holding its locks, until it is killed.
_DIES = """
import sys, threading, django
django.setup()
from datetime import datetime
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import sending.feedback
recorded = sending.feedback.record_reports
def stop(attributed, *, now):
    recorded(attributed, now=now)
    print(len(attributed), flush=True)
    threading.Event().wait()
sending.feedback.record_reports = stop
from sending.pipeline.inbox import read_inbox
read_inbox(now=datetime.fromisoformat(sys.argv[2]))
"""


def posted(organization, number):
    """Put a hard bounce of each of some messages into the inbox, every one twice."""
    campaign = CampaignFactory(organization=organization)
    rows = [
        sent_row(organization, address=f"p{n}@mail.example", campaign=campaign)
        for n in range(number)
    ]
    for at in (HAPPENED, later(1)):
        for row in rows:
            body = batch(stalwart_event(row, at=at))
            store(organization.pk, source=Source.STALWART, body=body, now=NOW)
    return rows


class Readers:
    """Several readers that begin at once, each with a connection of its own."""

    def __init__(self, number):
        self.failures = []
        self.threads = [threading.Thread(target=self.read) for _ in range(number)]
        for thread in self.threads:
            thread.start()

    def read(self):
        try:
            read_inbox(now=NOW)
        except Exception as error:
            self.failures.append(error)
        finally:
            connections.close_all()

    def finish(self):
        for thread in self.threads:
            thread.join(WITHIN)
        assert not any(thread.is_alive() for thread in self.threads)
        assert self.failures == []


def all_counted_once(rows):
    assert set(RawPayload.objects.values_list("status", "problem")) == {("read", "")}
    assert DeliveryEvent.objects.count() == len(rows)
    assert Recipient.objects.filter(state="bounced", bounce_class="hard").count() == len(rows)
    assert Suppression.objects.count() == len(rows)
    assert sum(HourlyCount.objects.values_list("bounced_hard", flat=True)) == len(rows)


@pytest.mark.django_db(transaction=True)
class TestReaders:
    def test_count_everything_once_together(self):
        rows = posted(OrganizationFactory(), MESSAGES)

        Readers(3).finish()

        all_counted_once(rows)

    def test_lose_nothing_when_one_is_killed_half_way(self):
        rows = posted(OrganizationFactory(), MESSAGES)
        dying = subprocess.Popen(
            [sys.executable, "-c", _DIES, connection.settings_dict["NAME"], NOW.isoformat()],
            cwd=PROJECT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
            stdout=subprocess.PIPE,
        )
        try:
            assert int(dying.stdout.readline()) == BATCH_PAYLOADS
            others = Readers(2)
        finally:
            dying.kill()
            dying.wait()
            dying.stdout.close()
        others.finish()
        self.wait_for_locks()

        Readers(2).finish()

        all_counted_once(rows)

    def wait_for_locks(self):
        """Wait until the database has noticed that the reader is gone."""
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '60s'")
            cursor.execute("SELECT id FROM insights_rawpayload FOR UPDATE")
            cursor.execute("SET lock_timeout = 0")


@pytest.mark.django_db
class TestClaim:
    def test_holds_as_much_as_fits_into_memory(self, monkeypatch):
        organization = OrganizationFactory()
        for size in (600, 300, 200, 5):
            RawPayloadFactory(organization=organization, body=b"x" * size, due_at=NOW)
        monkeypatch.setattr("insights.operations.inbox.BATCH_BYTES", 1000)

        claimed = [len(payload.body) for payload in claim(now=NOW)]

        assert claimed == [600, 300]

    def test_holds_one_that_is_too_large_by_itself(self, monkeypatch):
        RawPayloadFactory(body=b"x" * 2000)
        monkeypatch.setattr("insights.operations.inbox.BATCH_BYTES", 1000)

        assert len(claim(now=NOW)) == 1


def aged(status, days):
    return RawPayloadFactory(status=status, received_at=NOW - timedelta(days=days))


@pytest.mark.django_db
class TestDiscard:
    def test_keeps_problems_longer_and_never_what_waits(self, monkeypatch):
        monkeypatch.setattr("insights.operations.inbox.DISCARDED_AT_ONCE", 2)
        old = [aged("read", 31), aged("read", 400), aged("unreadable", 181)]
        old.append(aged("unattributed", 200))
        kept = [aged("read", 29), aged("unreadable", 40), aged("unattributed", 179)]
        kept.append(aged("waiting", 999))

        count = discard(
            read_before=NOW - timedelta(days=30), problems_before=NOW - timedelta(days=180)
        )

        assert count == len(old)
        assert set(RawPayload.objects.values_list("pk", flat=True)) == {one.pk for one in kept}

    def test_happens_once_a_day(self, settings):
        settings.MAILWRIGHT = {**settings.MAILWRIGHT, "INBOX_DAYS": 5}
        RawPayloadFactory(status="read")

        current_app.tasks["sending.tasks.discard_payloads"].run()

        row = PeriodicTask.objects.get(task="sending.tasks.discard_payloads")
        assert (row.interval.every, row.interval.period) == (1, "days")
        assert not RawPayload.objects.exists()


@pytest.mark.django_db
class TestReplay:
    def test_brings_back_what_was_not_understood_at_first(self):
        organization = OrganizationFactory()
        row = sent_row(organization)
        body = batch(stalwart_event(row))
        payload = store(organization.pk, source=Source.STALWART, body=body, now=NOW)
        RawPayload.objects.update(status="unreadable", problem="No JSON.", attempts=5)

        assert read_inbox(now=NOW) == 0
        assert replay(RawPayload.objects.filter(pk=payload.pk), now=NOW) == 1
        assert read_inbox(now=NOW) == 1

        payload.refresh_from_db()
        assert (payload.status, payload.problem, payload.attempts) == ("read", "", 1)
        assert DeliveryEvent.objects.get().recipient_id == row.pk
