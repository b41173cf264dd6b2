"""What people change under a running campaign takes effect at once, and costs no room."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

import campaigns.operations.campaigns
from campaigns.models import Campaign, Recipient
from campaigns.queries.ledger import state_counts
from campaigns.states import RecipientState
from iprouting.models import SendingIP
from sending.pipeline import run_campaign
from tests.factories.iprouting import PoolFactory
from tests.flows.sink import running_sink
from tests.flows.world import make_world, started
from warmup.models import DailyAllowance, Reservation, WarmupSchedule
from warmup.operations.progress import advance_due
from warmup.operations.schedules import start_warmup

pytestmark = pytest.mark.django_db(transaction=True)

CONTACTS = 900
AT_FIRST = 50
ON_ITS_WAY = 400  # the batch in hand and the one after it


class Gate:
    """Lets the first messages in, and the others once something was changed."""

    def __init__(self) -> None:
        self.asked = 0
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, address: str) -> None:
        self.asked += 1
        if self.asked == AT_FIRST:
            self.reached.set()
            assert self.opened.wait(30)


def changed_meanwhile(campaign: Campaign, gate: Gate, change: Callable[[], object]) -> None:
    """Let a worker send, and change something as soon as it does."""
    thread = threading.Thread(target=_send, args=(campaign.pk,))
    thread.start()
    assert gate.reached.wait(30)
    change()
    gate.opened.set()
    thread.join(60)
    campaign.refresh_from_db()


def _send(campaign_id: int) -> None:
    try:
        run_campaign(campaign_id, clock=timezone.now, seconds=60)
    finally:
        connection.close()


class TestAnIP:
    def test_that_is_switched_off_is_used_no_more(self):
        gate = Gate()
        with running_sink(answer=gate) as sink:
            world = make_world(contacts=CONTACTS, port=sink.port)
            own = SendingIP.objects.filter(pk=world.ip.pk)
            campaign = started(world)
            changed_meanwhile(campaign, gate, lambda: own.update(active=False))
            left = len(sink.kept)
            run_campaign(campaign.pk, clock=timezone.now, seconds=60)

        campaign.refresh_from_db()
        assert left == len(sink.kept) <= ON_ITS_WAY
        assert state_counts(campaign.pk)[RecipientState.PLANNED] == CONTACTS - left
        assert "no active sending IP" in campaign.problem

    def test_that_is_moved_to_the_other_stream_carries_no_more_marketing(self):
        gate = Gate()
        with running_sink(answer=gate) as sink:
            world = make_world(contacts=CONTACTS, port=sink.port)
            alerts = PoolFactory(organization=world.organization, stream="transactional")
            own = SendingIP.objects.filter(pk=world.ip.pk)
            campaign = started(world)
            changed_meanwhile(campaign, gate, lambda: own.update(pool=alerts))

        assert len(sink.kept) <= ON_ITS_WAY


class TestACampaignThatIsCancelled:
    def test_gives_back_the_room_that_it_does_not_use(self):
        gate = Gate()
        with running_sink(answer=gate) as sink:
            world = make_world(contacts=CONTACTS, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now())
            WarmupSchedule.objects.update(current_day=8)
            DailyAllowance.objects.update(day=8, daily_limit=1_000)

            def cancel() -> None:
                campaigns.operations.campaigns.cancel(campaign, actor="ann", now=timezone.now())

            changed_meanwhile(campaign, gate, cancel)

        assert DailyAllowance.objects.get().used == len(sink.kept) <= ON_ITS_WAY
        assert not Reservation.objects.exists()


class TestMidnight:
    def test_leaves_what_was_taken_of_a_day_but_not_handed_over_to_the_next(self):
        clock = _Clock(datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC))
        with running_sink() as sink:
            world = make_world(contacts=60, port=sink.port)
            world.organization.timezone = "UTC"
            world.organization.save()
            campaign = started(world)
            Recipient.objects.update(not_before=clock.now)
            start_warmup(world.ip, now=clock.now)
            clock.passes_after = 20

            run_campaign(campaign.pk, clock=clock, seconds=86_400)
            advance_due(now=clock.now)

        used = dict(DailyAllowance.objects.values_list("date__day", "used"))
        assert 0 < used[23] < 50
        assert len(sink.kept) == used[23]
        assert not Reservation.objects.exists()


class _Clock:
    """A clock that stands still, and jumps over midnight after it was looked at so often."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.passes_after: int | None = None

    def __call__(self) -> datetime:
        if self.passes_after is not None:
            self.passes_after -= 1
            if self.passes_after == 0:
                self.now += timedelta(seconds=2)
        return self.now
