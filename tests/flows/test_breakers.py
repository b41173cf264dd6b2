"""A provider asks for less: the IP leaves it alone, others go on, and it comes back by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Contact, Recipient
from campaigns.queries.ledger import state_counts
from campaigns.states import CampaignState, RecipientState
from iprouting.models import Breaker, BreakerRule
from sending.operations.lifecycle import end_finished
from sending.operations.transactional import TransactionalContent, queue_message
from sending.pipeline import run_campaign
from sending.queries.verification import verify
from tests.factories.campaigns import ContactFactory, IdentityFactory, OrganizationFactory
from tests.factories.iprouting import BreakerFactory, PoolFactory, SendingIPFactory
from tests.flows.sink import running_sink
from tests.flows.world import World, make_world, started
from tests.warmup.parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)


TOO_MANY = b"421 4.7.0 Too many connections from your IP, try again later\r\n"
BUSY = b"451 4.3.2 Server busy, please try later\r\n"


class Gmail:
    """Answers for every third person of the world, who has a mailbox there."""

    def __init__(self, refusal: bytes = TOO_MANY) -> None:
        self.refusal = refusal
        self.refuses = True
        self.asked: list[str] = []

    def __call__(self, address: str) -> bytes | None:
        if int(address.removeprefix("person").partition("@")[0]) % 3:
            return None
        self.asked.append(address)
        return self.refusal if self.refuses else None


def world_with_gmail(*, contacts: int, port: int) -> World:
    """Return a world in which every third person is with Gmail."""
    world = make_world(contacts=contacts, port=port)
    for contact in Contact.objects.filter(organization=world.organization):
        if int(contact.email.removeprefix("person").partition("@")[0]) % 3 == 0:
            contact.provider = "gmail"
            contact.save(update_fields=["provider"])
    return world


def send_at(campaign, now) -> None:
    """Let a worker send at a moment whatever is due then."""
    run_campaign(campaign.pk, clock=lambda: now, seconds=60)
    end_finished(now=now)
    campaign.refresh_from_db()


class TestAProviderThatRefuses:
    def test_is_left_alone_within_a_batch_while_others_go_on(self):
        gmail = Gmail()
        with running_sink(answer=gmail) as sink:
            world = world_with_gmail(contacts=900, port=sink.port)
            campaign = started(world)

            send_at(campaign, timezone.now())

        breaker = Breaker.objects.get()
        assert (breaker.ip, breaker.provider) == (world.ip.address, "gmail")
        assert breaker.state == "suspended"
        assert "Too many connections" in breaker.reason
        assert breaker.evidence[-1]["text"].startswith("421 4.7.0 Too many")
        assert len(sink.kept) == 600
        assert len(gmail.asked) < 300  # those of the first batches alone
        assert state_counts(campaign.pk)[RecipientState.PLANNED] == 300

    def test_is_probed_by_a_few_and_then_gets_all_that_waited(self):
        gmail = Gmail()
        with running_sink(answer=gmail) as sink:
            world = world_with_gmail(contacts=300, port=sink.port)
            campaign = started(world)
            now = timezone.now()
            send_at(campaign, now)
            gmail.refuses, gmail.asked = False, []
            opened_until = Breaker.objects.get().until

            send_at(campaign, opened_until)
            probes = len(gmail.asked)
            closed = Breaker.objects.get()
            send_at(campaign, opened_until + timedelta(minutes=5))

        assert probes == 5
        assert closed.state == "closed"
        assert closed.reason == "It took the probing messages."
        assert campaign.state == CampaignState.SENT
        assert len(sink.kept) == len(set(sink.addresses)) == 300
        assert verify(campaign).contradictions == {}

    def test_is_left_alone_for_longer_when_it_refuses_the_probes(self):
        gmail = Gmail()
        with running_sink(answer=gmail) as sink:
            world = world_with_gmail(contacts=300, port=sink.port)
            campaign = started(world)
            send_at(campaign, timezone.now())
            first = Breaker.objects.get()
            gmail.asked = []

            send_at(campaign, first.until)

        again = Breaker.objects.get()
        assert len(gmail.asked) == 5
        assert again.state == "suspended"
        assert again.times_opened == 2
        assert again.until - again.opened_at == 2 * (first.until - first.opened_at)
        assert "for longer" in again.reason

    def test_is_probed_no_more_by_many_workers_than_by_one(self):
        gmail = Gmail()
        with running_sink(answer=gmail) as sink:
            world = world_with_gmail(contacts=240, port=sink.port)
            campaign = started(world)
            send_at(campaign, timezone.now())
            until = Breaker.objects.get().until
            gmail.asked = []

            def work() -> None:
                run_campaign(campaign.pk, clock=lambda: until, seconds=20)

            at_once(work, times=4)

        assert len(gmail.asked) == 5
        assert Breaker.objects.get().times_opened == 2

    def test_keeps_mail_waiting_with_reason_and_time_where_no_ip_may(self):
        gmail = Gmail()
        with running_sink(answer=gmail) as sink:
            world = world_with_gmail(contacts=60, port=sink.port)
            campaign = started(world)
            now = timezone.now()
            send_at(campaign, now)
            Recipient.objects.update(not_before=now)

            send_at(campaign, now)

        until = Breaker.objects.get().until
        waiting = Recipient.objects.filter(state=RecipientState.PLANNED)
        assert set(waiting.values_list("provider", "reason")) == {("gmail", "throttled")}
        assert set(waiting.values_list("not_before", flat=True)) == {until}

    def test_gets_the_mail_through_another_ip_of_the_pool(self):
        gmail = Gmail()
        with running_sink(answer=gmail) as refusing, running_sink() as taking:
            world = world_with_gmail(contacts=300, port=refusing.port)
            other = SendingIPFactory(
                organization=world.organization,
                pool=world.ip.pool,
                transport__organization=world.organization,
                transport__port=taking.port,
            )
            campaign = started(world)
            now = timezone.now()
            send_at(campaign, now)
            send_at(campaign, now + timedelta(minutes=3))

        assert campaign.state == CampaignState.SENT
        gmails = Recipient.objects.filter(provider="gmail")
        assert set(gmails.values_list("ip", flat=True)) == {other.address}
        assert len({*refusing.addresses, *taking.addresses}) == 300

    def test_that_is_busy_gets_little_for_a_while(self):
        gmail = Gmail(refusal=BUSY)
        with running_sink(answer=gmail) as sink:
            world = world_with_gmail(contacts=300, port=sink.port)
            BreakerRule.objects.filter(name="Deferred or busy").update(rate_per_minute=2)
            campaign = started(world)
            now = timezone.now()
            send_at(campaign, now)
            slowed = Breaker.objects.get()
            gmail.refuses, gmail.asked = False, []
            for minute in range(10, 20):
                send_at(campaign, now + timedelta(minutes=minute))
            slowly = len(gmail.asked)
            for minutes in (95, 155):
                send_at(campaign, now + timedelta(minutes=minutes))

        assert (slowed.state, slowed.rate_per_minute) == ("slowed", 2)
        assert 10 <= slowly <= 20  # a run a minute, of which each finds one or two allowed
        assert Breaker.objects.get().state == "closed"
        assert campaign.state == CampaignState.SENT
        assert len(set(sink.addresses)) == 300


class TestTransactionalMail:
    def test_leaves_through_the_fallback_pool_while_its_own_is_stopped(self):
        now = timezone.now()
        with running_sink() as sink:
            organization = OrganizationFactory()
            identity = IdentityFactory(organization=organization, stream="transactional")
            spare = PoolFactory(organization=organization, stream="transactional")
            first = PoolFactory(organization=organization, stream="transactional", fallback=spare)
            ips = [
                SendingIPFactory(
                    organization=organization,
                    pool=pool,
                    transport__organization=organization,
                    transport__port=sink.port,
                )
                for pool in (first, spare)
            ]
            BreakerFactory(
                organization=organization,
                ip=ips[0].address,
                provider="gmail",
                state="suspended",
                opened_at=now,
                until=now + timedelta(hours=1),
            )
            for name in ("gmail", "yahoo"):
                ContactFactory(
                    organization=organization, email=f"ada@{name}.example", provider=name
                )
                message = queue_message(
                    organization,
                    to=f"ada@{name}.example",
                    content=TransactionalContent(subject="Your code", text="1234"),
                    identity=identity,
                    data={},
                    now=now,
                )
            run_campaign(message.campaign_id, clock=timezone.now, seconds=20)

        used = dict(Recipient.objects.values_list("provider", "ip"))
        assert used == {"gmail": ips[1].address, "yahoo": ips[0].address}
