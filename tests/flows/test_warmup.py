"""A campaign through IPs that warm up: never more than the day's room, the most engaged first."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

import warmup.operations.progress
import warmup.queries
from campaigns.models import Campaign, Recipient
from campaigns.queries.ledger import due_campaigns, state_counts
from campaigns.states import CampaignState, RecipientState
from sending.operations.lifecycle import end_finished
from sending.pipeline import run_campaign
from sending.pipeline.recovery import recover
from sending.queries.progress import progress
from sending.queries.rooms import Forecast, RoomWait
from sending.queries.verification import verify
from tests.factories.iprouting import SendingIPFactory
from tests.flows.sink import running_sink
from tests.flows.world import World, make_world, started, worker
from tests.warmup.parallel import at_once
from warmup.models import DailyAllowance, Reservation, WarmupSchedule
from warmup.operations.schedules import pause_warmup, start_warmup
from warmup.schedule import daily_limit

pytestmark = pytest.mark.django_db(transaction=True)

ENGAGED_COUNT = 30


def a_day(campaign: Campaign, *, after: int) -> None:
    """Let a day go by on which a worker sends whatever it may."""
    now = timezone.now() + timedelta(days=after)
    warmup.operations.progress.advance_due(now=now)
    run_campaign(campaign.pk, clock=lambda: now, seconds=120)
    end_finished(now=now)
    campaign.refresh_from_db()


def second_ip(world: World) -> None:
    """Add a warm IP beside the one of the world."""
    SendingIPFactory(
        organization=world.organization, pool=world.ip.pool, transport=world.ip.transport
    )


class TestAWarmingIP:
    def test_sends_the_schedule_exactly_and_the_rest_on_later_days(self):
        with running_sink() as sink:
            world = make_world(contacts=4_100, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            volumes = []
            for day in range(12):
                before = len(sink.kept)
                a_day(campaign, after=day)
                volumes.append(len(sink.kept) - before)

        limits = [daily_limit(day) for day in range(1, 10)]
        assert volumes[:9] == limits
        assert volumes[9:] == [4_100 - sum(limits), 0, 0]
        assert len(set(sink.addresses)) == 4_100
        assert campaign.state == CampaignState.SENT
        assert not Reservation.objects.exists()
        assert verify(campaign).contradictions == {}

    def test_says_what_the_campaign_waits_for_and_leaves_it_alone_meanwhile(self):
        with running_sink() as sink:
            world = make_world(contacts=60, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())

            a_day(campaign, after=0)

        now = timezone.now()
        found = progress(campaign, now=now)
        assert f"Waits for room on {world.ip.address} until" in campaign.problem
        assert found.waits_for_room.addresses == (world.ip.address,)
        assert found.waits_for_room.until > now
        assert (found.waiting, found.forecast.days) == (10, 2)
        assert state_counts(campaign.pk)[RecipientState.PLANNED] == 10
        assert not due_campaigns(now=now).exists()
        assert due_campaigns(now=now + timedelta(days=1)).exists()

    def test_takes_the_engaged_first(self):
        with running_sink() as sink:
            world = make_world(contacts=200, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            last = list(Recipient.objects.order_by("-pk").values_list("pk", flat=True))
            engaged = Recipient.objects.filter(pk__in=last[:ENGAGED_COUNT])
            engaged.update(engagement_days=1)
            # Some of them were asked by their server to come back later that day.
            room = warmup.queries.rooms([world.ip.pk], now=timezone.now())[world.ip.pk]
            later = room.returns_at - timedelta(seconds=1)
            Recipient.objects.filter(pk__in=last[:5]).update(not_before=later)

            a_day(campaign, after=0)

        sent = Recipient.objects.filter(state=RecipientState.SENT)
        assert set(sent.values_list("engagement_days", flat=True)) == {1}
        assert sent.count() == ENGAGED_COUNT - 5
        assert "engaged" in campaign.problem

    def test_comes_back_to_engaged_people_whom_a_server_asked_to_wait(self):
        with running_sink() as sink:
            world = make_world(contacts=400, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            last = list(Recipient.objects.order_by("-pk").values_list("pk", flat=True)[:5])
            soon = timezone.now() + timedelta(minutes=3)
            Recipient.objects.filter(pk__in=last).update(engagement_days=1, not_before=soon)

            a_day(campaign, after=0)
            assert sink.kept == []
            moment = soon + timedelta(seconds=1)
            run_campaign(campaign.pk, clock=lambda: moment, seconds=120)

        sent = Recipient.objects.filter(state=RecipientState.SENT)
        assert set(last) <= set(sent.values_list("pk", flat=True))
        assert sent.count() == 50

    def test_says_on_later_days_too_what_the_campaign_waits_for(self):
        with running_sink() as sink:
            world = make_world(contacts=150, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())

            for day in range(2):
                a_day(campaign, after=day)
                assert "Waits for room" in campaign.problem

    def test_that_is_paused_says_so(self):
        with running_sink() as sink:
            world = make_world(contacts=10, port=sink.port)
            campaign = started(world)
            schedule = start_warmup(world.ip, now=timezone.now())
            pause_warmup(schedule.pk, reason="", actor="ann", now=timezone.now())

            a_day(campaign, after=0)

        assert campaign.problem == f"Waits until the warm-up of {world.ip.address} is resumed."
        found = progress(campaign, now=timezone.now())
        assert found.waits_for_room == RoomWait((world.ip.address,), None)
        assert found.forecast == Forecast((world.ip.address,), None)

    def test_leaves_what_exceeds_its_room_to_warm_ones(self):
        with running_sink() as sink:
            world = make_world(contacts=500, port=sink.port)
            second_ip(world)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())

            a_day(campaign, after=0)

        by_ip = Counter(Recipient.objects.values_list("ip", flat=True))
        assert by_ip[world.ip.address] == 50
        assert len(sink.kept) == 500
        assert campaign.state == CampaignState.SENT

    def test_has_its_room_again_when_the_server_could_not_be_reached(self):
        world = make_world(contacts=60, port=1)
        campaign = started(world)
        start_warmup(world.ip, now=timezone.now())

        a_day(campaign, after=0)

        assert DailyAllowance.objects.get().used == 0
        assert not Reservation.objects.exists()

    def test_sends_its_room_exactly_by_workers_that_claim_at_once(self):
        with running_sink() as sink:
            world = make_world(contacts=700, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            WarmupSchedule.objects.update(current_day=5)
            DailyAllowance.objects.update(day=5, daily_limit=500)

            at_once(lambda: run_campaign(campaign.pk, clock=timezone.now, seconds=60), times=4)

        assert len(sink.kept) == len(set(sink.addresses)) == 500
        assert DailyAllowance.objects.get().used == 500
        assert not Reservation.objects.exists()
        assert state_counts(campaign.pk)[RecipientState.PLANNED] == 200

    def test_never_sends_too_much_by_workers_that_are_killed(self):
        with running_sink(delay=0.05) as sink:
            world = make_world(contacts=500, port=sink.port, connections=4)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            for kill in range(3):
                with worker() as process:
                    sink.wait_for(kill * 10 + 5)
                    process.kill()
                recover(now=timezone.now())
                Campaign.objects.update(waits_until=None)  # as if a minute had gone by

            a_day(campaign, after=0)

        assert 50 - 3 * 4 <= len(sink.kept) <= 50
        assert DailyAllowance.objects.get().used == 50
        assert not Reservation.objects.exists()
