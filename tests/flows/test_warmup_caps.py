"""A campaign through IPs that may send single providers only a part of their day."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import warmup.operations.progress
from campaigns.models import Campaign, Contact, Recipient
from campaigns.queries.ledger import due_campaigns, state_counts
from campaigns.roles import Role
from campaigns.states import RecipientState
from iprouting.queries import usable_ips
from sending.journal import Journals
from sending.mailing import CampaignMail
from sending.pipeline import run_campaign
from sending.pipeline.candidates import Candidates
from sending.pipeline.claim import Claimer
from sending.pipeline.lanes import Lanes
from sending.pipeline.recovery import recover
from sending.queries.progress import progress
from sending.queries.verification import verify
from tests.admin_world import looking
from tests.calling import caller
from tests.factories.iprouting import SendingIPFactory
from tests.flows.sink import running_sink
from tests.flows.world import World, make_world, started, worker
from tests.warmup.parallel import at_once
from warmup.caps import Cap
from warmup.models import ProviderAllowance, Reservation
from warmup.operations.schedules import change_caps, pause_warmup, start_warmup

pytestmark = pytest.mark.django_db(transaction=True)

GMAIL, OUTLOOK = "gmail", "outlook"
CAPS = (Cap(GMAIL, share=0.4),)  # 20 of the first day's 50


def world_of(*, gmail: int, outlook: int, port: int, **transport: object) -> World:
    """Return a world with so many people at Gmail, and after them as many at Outlook."""
    world = make_world(contacts=gmail + outlook, port=port, **transport)
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    Contact.objects.filter(pk__in=ids[:gmail]).update(provider=GMAIL)
    Contact.objects.filter(pk__in=ids[gmail:]).update(provider=OUTLOOK)
    return world


def a_day(campaign: Campaign, *, after: int = 0) -> None:
    """Let a day go by on which a worker sends whatever it may."""
    now = timezone.now() + timedelta(days=after)
    warmup.operations.progress.advance_due(now=now)
    run_campaign(campaign.pk, clock=lambda: now, seconds=60)
    campaign.refresh_from_db()


def used() -> dict[str, int]:
    """Return what of the day counts as used, by provider."""
    return dict(ProviderAllowance.objects.values_list("provider", "used"))


def sent() -> Counter[str]:
    """Return how many were sent to at each provider."""
    went = Recipient.objects.filter(state=RecipientState.SENT)
    return Counter(went.values_list("provider", flat=True))


class TestACap:
    def test_lets_other_providers_go_on_and_says_who_waits_for_what(self):
        with running_sink() as sink:
            world = world_of(gmail=100, outlook=10, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)

            a_day(campaign)

        now = timezone.now()
        found = progress(campaign, now=now)
        assert sent() == {GMAIL: 20, OUTLOOK: 10}
        assert campaign.problem.startswith(f"Waits for room for Gmail on {world.ip.address} until")
        assert found.waits_for_room is None
        assert found.waits_for_providers.providers == (GMAIL,)
        assert found.waits_for_providers.until > now
        assert found.capped == 80
        assert found.forecast.days == 4  # 20, 20, 40 and 20 of 40
        reasons = set(Recipient.objects.exclude(reason="").values_list("reason", flat=True))
        [reason] = reasons
        assert reason == f"provider_cap: {campaign.problem}"
        assert not due_campaigns(now=now).exists()
        assert due_campaigns(now=now + timedelta(minutes=2)).exists()

    def test_is_kept_every_day_until_everybody_has_it_and_the_engaged_stay_first(self):
        with running_sink() as sink:
            world = world_of(gmail=100, outlook=150, port=sink.port)
            campaign = started(world)
            Recipient.objects.filter(provider=GMAIL).update(engagement_days=3)
            best = Recipient.objects.filter(provider=GMAIL).order_by("pk")[:40].values("pk")
            Recipient.objects.filter(pk__in=best).update(engagement_days=1)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)
            volumes, engaged = [], []
            before: Counter[str] = Counter()
            for day in range(5):
                a_day(campaign, after=day)
                volumes.append((sent() - before)[GMAIL])
                engaged.append(Recipient.objects.filter(state="sent", engagement_days=1).count())
                before = sent()

        assert volumes == [20, 20, 40, 20, 0]
        assert engaged == [20, 40, 40, 40, 40]
        assert len(set(sink.addresses)) == len(sink.kept) == 250
        assert verify(campaign).contradictions == {}

    def test_claims_nobody_in_vain_whose_provider_gets_no_more(self):
        with running_sink() as sink:
            world = world_of(gmail=400, outlook=5, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)
            a_day(campaign)
            before = dict(Recipient.objects.values_list("pk", "reason"))

            Campaign.objects.update(waits_until=None)
            Recipient.objects.update(reason="untouched")
            a_day(campaign)

        assert set(before.values()) != {""}
        assert set(Recipient.objects.values_list("reason", flat=True)) == {"untouched"}
        assert set(Recipient.objects.filter(state="planned").values_list("attempts")) == {(0,)}

    def test_goes_on_when_the_turn_of_others_comes(self):
        with running_sink() as sink:
            world = world_of(gmail=60, outlook=5, port=sink.port)
            campaign = started(world)
            soon = timezone.now() + timedelta(seconds=20)
            Recipient.objects.filter(provider=OUTLOOK).update(not_before=soon)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)

            a_day(campaign)

        assert campaign.waits_until == soon
        assert sent() == {GMAIL: 20}

    def test_does_not_make_others_wait_for_engaged_people_who_cannot_go(self):
        with running_sink() as sink:
            world = world_of(gmail=30, outlook=10, port=sink.port)
            campaign = started(world)
            Recipient.objects.filter(provider=GMAIL).update(engagement_days=1)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)

            a_day(campaign)

        assert sent() == {GMAIL: 20, OUTLOOK: 10}

    def test_leaves_the_surplus_to_warm_ips(self):
        with running_sink() as sink:
            world = world_of(gmail=100, outlook=10, port=sink.port)
            SendingIPFactory(
                organization=world.organization, pool=world.ip.pool, transport=world.ip.transport
            )
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)

            a_day(campaign)

        at_gmail = Counter(Recipient.objects.filter(provider=GMAIL).values_list("ip", flat=True))
        assert at_gmail[world.ip.address] == 20
        assert sent() == {GMAIL: 100, OUTLOOK: 10}

    def test_that_is_raised_lets_people_go_the_same_day(self):
        with running_sink() as sink:
            world = world_of(gmail=100, outlook=0, port=sink.port)
            campaign = started(world)
            schedule = start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)
            a_day(campaign)

            change_caps(schedule.pk, provider_caps=[Cap(GMAIL, messages=30)], now=timezone.now())
            a_day(campaign)

        assert sent() == {GMAIL: 30}

    def test_is_not_what_is_waited_for_while_the_warm_up_is_paused(self):
        with running_sink() as sink:
            world = world_of(gmail=30, outlook=0, port=sink.port)
            campaign = started(world)
            schedule = start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)
            a_day(campaign)
            pause_warmup(schedule.pk, reason="", actor="ann", now=timezone.now())

            a_day(campaign)

        assert campaign.problem == f"Waits until the warm-up of {world.ip.address} is resumed."

    def test_is_whole_again_when_the_server_could_not_be_reached(self):
        world = world_of(gmail=60, outlook=10, port=1)
        campaign = started(world)
        start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)

        a_day(campaign)

        assert set(ProviderAllowance.objects.values_list("used", flat=True)) == {0}
        assert not Reservation.objects.exists()

    def test_is_never_exceeded_by_workers_that_claim_at_once(self):
        with running_sink() as sink:
            world = world_of(gmail=100, outlook=100, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)

            at_once(lambda: run_campaign(campaign.pk, clock=timezone.now, seconds=60), times=4)
            Campaign.objects.update(waits_until=None)  # as if a minute had gone by
            a_day(campaign)

        assert sent()[GMAIL] <= 20  # who is quickest takes the day's room: one may have it all
        assert sent().total() == 50
        assert len(sink.kept) == len(set(sink.addresses)) == 50
        assert not Reservation.objects.exists()
        assert state_counts(campaign.pk)[RecipientState.PLANNED] == 150

    def test_is_never_exceeded_by_workers_that_are_killed(self):
        with running_sink(delay=0.05) as sink:
            world = world_of(gmail=200, outlook=100, port=sink.port, connections=4)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)
            with worker() as process:
                sink.wait_for(6)
                process.kill()
            recover(now=timezone.now())
            held = used()
            Campaign.objects.update(waits_until=None)  # as if a minute had gone by

            a_day(campaign)

        assert sum(held.values()) <= 20
        assert used() == {GMAIL: 20, OUTLOOK: 30}
        assert 50 - 4 <= len(sink.kept) <= 50
        assert not Reservation.objects.exists()

    def test_is_told_on_the_page_of_the_campaign_and_in_the_api(self):
        with running_sink() as sink:
            world = world_of(gmail=100, outlook=10, port=sink.port)
            campaign = started(world)
            start_warmup(world.ip, now=timezone.now(), provider_caps=CAPS)
            a_day(campaign)
        url = reverse("admin:campaigns_campaign_progress", args=[campaign.pk])

        page = looking(world.organization, Role.VIEWER).get(url).content.decode()
        answer = caller(world.organization, Role.VIEWER).get(
            f"/api/campaigns/{campaign.pk}/progress"
        )

        words = " ".join(page.split())
        assert f"</b> wait for room for Gmail on {world.ip.address} until" in words
        assert "mail for others goes on" in words
        shown = answer.json()
        assert shown["waits_for_providers"]["providers"] == [GMAIL]
        assert shown["capped"] == 80


class TestWithoutWarmUps:
    def test_a_claim_asks_once_whether_there_are_any(self, tmp_path):
        world = world_of(gmail=5, outlook=5, port=1)
        campaign = started(world)
        ip = usable_ips(world.organization.pk, stream="marketing", now=timezone.now()).get()
        ips = {ip.pk: ip}
        claimer = Claimer(
            campaign,
            CampaignMail(campaign, ips=ips),
            Journals(tmp_path),
            timedelta(minutes=5),
            Candidates(campaign, ips),
            Lanes(campaign.organization_id, ips),
        )

        with CaptureQueriesContext(connection) as asked:
            batch = claimer.claim(limit=10, now=timezone.now())

        assert batch is not None
        assert batch.size == 10
        assert len([query for query in asked if "warmup_" in query["sql"]]) == 1
