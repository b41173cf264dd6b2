"""Who goes first through a warming IP, what uses its room, and what stops it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

import campaigns.operations.campaigns
from campaigns.models import Campaign, Recipient
from campaigns.states import RecipientState
from sending.pipeline import run_campaign
from tests.flows.sink import running_sink
from tests.flows.test_warmup import a_day, second_ip
from tests.flows.world import World, make_world, started
from warmup.models import DailyAllowance, Reservation, WarmupSchedule
from warmup.operations.schedules import start_warmup
from warmup.queries import rooms

pytestmark = pytest.mark.django_db(transaction=True)

NO_SUCH_USER = b"550 5.1.1 No such user here\r\n"
TRY_LATER = b"451 4.2.1 Greylisted, come back later\r\n"


def number_of(address: str) -> int:
    """Return which of the people of the world an address is of."""
    return int(address.removeprefix("person").partition("@")[0])


def warming(world: World, *, day: int, limit: int) -> WarmupSchedule:
    """Put the IP of the world on a day of its warm-up."""
    schedule = start_warmup(world.ip, now=timezone.now())
    WarmupSchedule.objects.update(current_day=day)
    DailyAllowance.objects.update(day=day, daily_limit=limit)
    schedule.refresh_from_db()
    return schedule


def two_hours_before_midnight(world: World) -> datetime:
    """Return a time of the day of which the IP of the world has room."""
    room = rooms([world.ip.pk], now=timezone.now())[world.ip.pk]
    return room.returns_at - timedelta(hours=2)


class TestTheEngaged:
    def test_go_newest_first_day_by_day_and_the_rest_last(self):
        with running_sink() as sink:
            world = make_world(contacts=220, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            people = list(Recipient.objects.order_by("pk"))
            for place, one in enumerate(people):
                one.engagement_days = place * 37 % 110  # each of 0 to 109 twice, in no order
            Recipient.objects.bulk_update(people, ["engagement_days"])
            for day in range(4):
                a_day(campaign, after=day)

        known = {one.email: one.engagement_days for one in people}
        ages = [known[address] for address in sink.addresses]
        assert len(ages) == 220
        days = [ages[:50], ages[50:100], ages[100:200], ages[200:]]
        assert [(min(day), max(day)) for day in days] == [(0, 24), (25, 49), (50, 99), (100, 109)]

    def test_of_another_campaign_keep_the_rest_from_warming_ips_unless_it_is_paused(self):
        with running_sink() as sink:
            world = make_world(contacts=40, port=sink.port)
            second_ip(world)
            engaged, quiet = started(world), started(world)
            start_warmup(world.ip, now=timezone.now())
            Recipient.objects.filter(campaign=engaged).update(engagement_days=1)
            own = Recipient.objects.filter(campaign=quiet)
            half = list(own.order_by("pk").values_list("pk", flat=True)[:20])
            own.exclude(pk__in=half).update(not_before=timezone.now() + timedelta(hours=1))

            run_campaign(quiet.pk, clock=timezone.now, seconds=60)
            first = set(own.filter(pk__in=half).values_list("ip", flat=True))
            campaigns.operations.campaigns.pause(engaged, actor="ann", now=timezone.now())
            own.update(not_before=timezone.now())
            run_campaign(quiet.pk, clock=timezone.now, seconds=60)

        assert world.ip.address not in first
        assert set(own.exclude(pk__in=half).values_list("ip", flat=True)) == {world.ip.address}

    @pytest.mark.parametrize(("hours_past", "sent"), [(-1, 0), (1, 20)])
    def test_who_are_put_off_beyond_the_day_leave_its_room_to_the_rest(self, hours_past, sent):
        with running_sink() as sink:
            world = make_world(contacts=21, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            evening = two_hours_before_midnight(world)
            later = evening + timedelta(hours=2 + hours_past)
            Recipient.objects.update(not_before=evening)
            one = Recipient.objects.first()
            Recipient.objects.filter(pk=one.pk).update(engagement_days=1, not_before=later)

            run_campaign(campaign.pk, clock=lambda: evening, seconds=60)

        assert len(sink.kept) == sent


class TestRoom:
    def test_is_used_by_every_answer_once_for_each_attempt(self):
        greylisted: set[str] = set()

        def answer(address: str) -> bytes | None:
            if number_of(address) == 0:
                return NO_SUCH_USER
            if number_of(address) in (1, 2) and address not in greylisted:
                greylisted.add(address)
                return TRY_LATER
            return None

        with running_sink(answer=answer) as sink:
            world = make_world(contacts=30, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            evening = two_hours_before_midnight(world)
            Recipient.objects.update(not_before=evening)
            run_campaign(campaign.pk, clock=lambda: evening, seconds=60)
            at_first = DailyAllowance.objects.get().used
            later = evening + timedelta(minutes=4)
            run_campaign(campaign.pk, clock=lambda: later, seconds=60)

        assert (at_first, DailyAllowance.objects.get().used) == (30, 32)
        assert len(sink.kept) == 29
        assert not Reservation.objects.exists()

    def test_is_not_used_by_a_message_that_cannot_be_written(self):
        with running_sink() as sink:
            world = make_world(contacts=5, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            Campaign.objects.update(subject="{{ contact.first_name | divided_by: 0 }}")
            a_day(campaign, after=0)

        assert sink.kept == []
        assert Recipient.objects.filter(state=RecipientState.FAILED).count() == 5
        assert DailyAllowance.objects.get().used == 0
        assert not Reservation.objects.exists()


class TestBadFigures:
    def test_stop_the_ip_at_the_next_tick_until_tomorrow_at_the_same_limit(self):
        def answer(address: str) -> bytes | None:
            return NO_SUCH_USER if number_of(address) < 6 else None

        with running_sink(answer=answer) as sink:
            world = make_world(contacts=350, port=sink.port)
            campaign = started(world)
            schedule = warming(world, day=3, limit=100)
            volumes = [0]
            for day in range(3):
                a_day(campaign, after=day)
                volumes.append(len(sink.kept))
                if day == 0:
                    a_day(campaign, after=0)  # the next tick
                    schedule.refresh_from_db()
                    stopped = (schedule.status, schedule.paused_reason)

        schedule.refresh_from_db()
        assert stopped[0] == "paused"
        assert "6.38% (6 of 94) bounced in the last 24 hours" in stopped[1]
        assert [after - before for before, after in pairwise(volumes)] == [94, 100, 100]
        assert (schedule.status, schedule.current_day, schedule.daily_limit) == ("active", 4, 100)
        assert schedule.paused_reason == ""
