"""What is lost under a running campaign costs nobody a mail and gives nobody two."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter

import pytest
import redis
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone
from kombu import Connection

from campaigns.models import Campaign, Recipient
from campaigns.queries.ledger import state_counts
from campaigns.states import CampaignState, RecipientState
from sending import tasks
from sending.pipeline import run_campaign
from sending.pipeline.recovery import recover
from sending.queries.verification import verify
from tests.flows.sink import Sink, running_sink
from tests.flows.test_warmup import second_ip
from tests.flows.world import make_world, python, send_all, started
from warmup.models import DailyAllowance, WarmupSchedule
from warmup.operations.schedules import start_warmup

pytestmark = pytest.mark.django_db(transaction=True)

CONTACTS = 3000


def assert_everybody_once(campaign: Campaign, sink: Sink) -> None:
    assert len(sink.addresses) == len(set(sink.addresses)) == CONTACTS
    assert state_counts(campaign.pk)[RecipientState.SENT] == CONTACTS
    assert verify(campaign).contradictions == {}


class TestLossOfTheDatabase:
    def test_in_the_middle_is_made_good_from_the_journal(self):
        with running_sink(delay=0.001) as sink:
            campaign = started(make_world(contacts=CONTACTS, port=sink.port, connections=8))
            broken: list[Exception] = []
            thread = threading.Thread(target=_send, args=(campaign.pk, broken))
            thread.start()
            sink.wait_for(CONTACTS // 3)
            _cut_off_all_others()
            thread.join(60)
            handed_over = len(sink.kept)
            recover(now=timezone.now())
            settled = state_counts(campaign.pk)

            send_all(campaign)

        assert isinstance(broken[0], OperationalError)
        assert settled[RecipientState.SENT] == handed_over
        assert settled[RecipientState.CLAIMED] == settled[RecipientState.IN_DOUBT] == 0
        assert campaign.state == CampaignState.SENT
        assert_everybody_once(campaign, sink)

    def test_leaves_the_mail_with_its_ip_and_costs_no_room_that_it_did_not_use(self):
        with running_sink(delay=0.002) as sink:
            world = make_world(contacts=600, port=sink.port, connections=2)
            second_ip(world)
            campaign = started(world)
            for ip in world.organization.ips.all():
                start_warmup(ip, now=timezone.now())
            WarmupSchedule.objects.update(current_day=6)
            DailyAllowance.objects.update(day=6, daily_limit=500)
            thread = threading.Thread(target=_send, args=(campaign.pk, []))
            thread.start()
            sink.wait_for(150)
            _cut_off_all_others()
            thread.join(60)
            recover(now=timezone.now())

        sent = Recipient.objects.filter(campaign=campaign, state=RecipientState.SENT)
        by_ip = Counter(sent.values_list("ip", flat=True))
        used = dict(DailyAllowance.objects.values_list("schedule__ip__address", "used"))
        assert by_ip.total() == len(sink.kept)
        assert by_ip == Counter(used)
        assert len(used) == 2
        assert verify(campaign).contradictions == {}


class TestLossOfTheBroker:
    def test_costs_no_more_than_the_tasks_in_it(self):
        """Everything the broker holds is thrown away again and again while workers send."""
        broker = settings.REDIS_URL.rsplit("/", 1)[0] + "/9"  # shared with no other test
        with running_sink(delay=0.001) as sink:
            campaign = started(make_world(contacts=CONTACTS, port=sink.port, connections=4))
            arguments = ["--pool", "solo", "--queues", "sending,default", "--loglevel", "ERROR"]
            short_turns = {"REDIS_URL": broker, "MAILWRIGHT_TASK_SECONDS": "1"}
            with (
                python("-m", "celery", "-A", "config", "worker", *arguments, **short_turns),
                Connection(broker) as publishing,
                redis.Redis.from_url(broker) as valkey,
            ):
                flushed = _tick_until_sent(campaign, publishing, valkey)

        assert flushed > 3
        assert_everybody_once(campaign, sink)


def _send(campaign_id: int, broken: list[Exception]) -> None:
    try:
        run_campaign(campaign_id, clock=timezone.now, seconds=60)
    except OperationalError as error:
        broken.append(error)
    finally:
        connection.close()


def _cut_off_all_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _tick_until_sent(campaign: Campaign, publishing: Connection, valkey: redis.Redis) -> int:
    """Do what beat does, and lose the broker at every second tick; return how often."""
    until = time.monotonic() + 60
    for tick in itertools.count():
        for task in (tasks.send_due, tasks.advance_campaigns):
            task.apply_async(connection=publishing)
        time.sleep(0.2)
        if tick % 2:
            valkey.flushdb()
        campaign.refresh_from_db()
        if campaign.state == CampaignState.SENT or time.monotonic() > until:
            return tick // 2
    raise AssertionError
