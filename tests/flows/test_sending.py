"""Campaigns from start to end: real SMTP, the real database, real workers."""

from __future__ import annotations

import email
import email.policy
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

import campaigns.operations.campaigns
from campaigns.models import Campaign, Contact, Recipient
from campaigns.queries.ledger import state_counts
from campaigns.states import CampaignState, InDoubtPolicy, RecipientState
from common.conf import token_signer
from common.tokens import Purpose
from insights.models import DeliveryEvent
from sending.pipeline import run_campaign
from sending.pipeline.recovery import recover
from sending.queries.verification import verify
from suppression.models import Suppression
from suppression.operations import suppress
from suppression.reasons import Origin, Reason
from tests.flows.sink import running_sink
from tests.flows.world import make_world, send_all, started, worker

pytestmark = pytest.mark.django_db(transaction=True)


def assert_ledger_holds(campaign: Campaign) -> None:
    assert verify(campaign).contradictions == {}


class TestACampaign:
    def test_reaches_everybody_exactly_once(self):
        with running_sink() as sink:
            campaign = started(make_world(contacts=700, port=sink.port))

            send_all(campaign)

        assert sorted(sink.addresses) == sorted(f"person{n}@example.com" for n in range(700))
        assert campaign.state == CampaignState.SENT
        assert campaign.audience_count == state_counts(campaign.pk)[RecipientState.SENT] == 700
        assert DeliveryEvent.objects.filter(event_type="sent").count() == 700
        assert Contact.objects.filter(last_mailed_at__isnull=False).count() == 700
        assert_ledger_holds(campaign)

    def test_arrives_whole(self):
        with running_sink() as sink:
            campaign = started(make_world(contacts=1, port=sink.port))

            send_all(campaign)

        kept, row = sink.kept[0], Recipient.objects.get()
        message = email.message_from_bytes(kept.data, policy=email.policy.default)
        token, _, domain = kept.mail_from.partition("@")
        assert token_signer().read(token, purpose=Purpose.RETURN_PATH) == row.pk
        assert domain == campaign.identity.domain.name
        assert message.defects == []
        assert message["Subject"] == "Hello Person 0"
        assert message["Message-ID"] == f"<{row.message_id}>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "/u/" in message["List-Unsubscribe"]
        assert message["Feedback-ID"].startswith(f"{campaign.pk}:{campaign.organization_id}:")
        assert message["List-Id"]
        assert "Hello Person 0" in message.get_body(("html",)).get_content()

    def test_keeps_every_refusal_with_its_own_words(self):
        words = {
            "person1@example.com": b"550 5.1.1 No such user here\r\n",
            "person2@example.com": b"452 4.2.2 Mailbox full, try later\r\n",
            "person3@example.com": b"554 5.7.1 Blocked by policy\r\n",
        }
        with running_sink(answer=words.get) as sink:
            campaign = started(make_world(contacts=50, port=sink.port))

            send_all(campaign)

        rows = {row.email: row for row in Recipient.objects.filter(email__in=words)}
        assert {address: row.smtp_response for address, row in rows.items()} == {
            address: line.decode()[4:].strip() for address, line in words.items()
        }
        assert [rows[address].state for address in sorted(words)] == [
            RecipientState.BOUNCED,
            RecipientState.PLANNED,
            RecipientState.BOUNCED,
        ]
        assert len(sink.kept) == 47
        suppressed = Suppression.objects.get()
        assert (suppressed.email, suppressed.reason) == ("person1@example.com", "hard_bounce")
        assert_ledger_holds(campaign)

    def test_tries_again_what_was_asked_to_wait_and_gives_up_in_the_end(self):
        always_full = {"person0@example.com": b"452 4.2.2 Mailbox full\r\n"}
        with running_sink(answer=always_full.get) as sink:
            campaign = started(make_world(contacts=1, port=sink.port), maximum_attempts=3)
            now = timezone.now()
            for hours in (0, 5, 10, 15):
                at = now + timedelta(hours=hours)
                run_campaign(campaign.pk, clock=lambda at=at: at, seconds=60)

        row = Recipient.objects.get()
        assert (row.state, row.attempts, row.bounce_class) == (RecipientState.BOUNCED, 3, "expired")
        assert DeliveryEvent.objects.filter(event_type="deferred").count() == 2
        assert_ledger_holds(campaign)

    def test_waits_while_the_relay_is_down_and_goes_on_afterwards(self):
        with running_sink() as sink:
            world = make_world(contacts=30, port=1)
            campaign = started(world)
            run_campaign(campaign.pk, clock=timezone.now, seconds=60)
            campaign.refresh_from_db()
            assert "cannot be reached" in campaign.problem
            assert state_counts(campaign.pk)[RecipientState.PLANNED] == 30
            type(world.ip.transport).objects.update(port=sink.port)
            later = timezone.now() + timedelta(minutes=5)

            run_campaign(campaign.pk, clock=lambda: later, seconds=60)

        campaign.refresh_from_db()
        assert len(sink.kept) == 30
        assert campaign.problem == ""
        assert_ledger_holds(campaign)


class TestSuppression:
    def test_of_a_moment_ago_is_honoured_by_a_running_campaign(self):
        with running_sink(delay=0.02) as sink:
            world = make_world(contacts=600, port=sink.port, connections=4)
            campaign = started(world)
            last = Recipient.objects.order_by("not_before", "engagement_days", "pk").last()
            thread = threading.Thread(target=_send_and_close, args=(campaign.pk,))
            thread.start()
            sink.wait_for(10)
            suppress(
                world.organization.pk,
                email_key=last.email,
                reason=Reason.UNSUBSCRIBE,
                origin=Origin.RECIPIENT,
                now=timezone.now(),
            )
            thread.join()

        last.refresh_from_db()
        assert last.email not in sink.addresses
        assert (last.state, last.reason) == (RecipientState.SKIPPED, "unsubscribe")
        assert len(sink.kept) == 599
        assert_ledger_holds(campaign)

    def test_of_the_past_keeps_people_out_of_the_audience(self):
        with running_sink() as sink:
            world = make_world(contacts=3, port=sink.port)
            suppress(
                world.organization.pk,
                email_key="person1@example.com",
                reason=Reason.COMPLAINT,
                origin=Origin.PROVIDER,
                now=timezone.now(),
            )

            campaign = started(world)

        assert campaign.audience_count == 2


class TestPauseAndCancel:
    def test_stop_within_a_batch_and_go_on_without_a_second_mail(self):
        with running_sink(delay=0.01) as sink:
            campaign = started(make_world(contacts=1500, port=sink.port, connections=8))
            thread = threading.Thread(target=_send_and_close, args=(campaign.pk,))
            thread.start()
            sink.wait_for(100)
            campaigns.operations.campaigns.pause(campaign, actor="test", now=timezone.now())
            thread.join()
            stopped = len(sink.kept)
            campaigns.operations.campaigns.resume(campaign, actor="test", now=timezone.now())

            send_all(campaign)

        assert 100 <= stopped < 1500 - 300
        assert len(sink.kept) == len(set(sink.addresses)) == 1500
        assert campaign.state == CampaignState.SENT
        assert_ledger_holds(campaign)

    def test_of_a_cancelled_campaign_is_for_good(self):
        with running_sink(delay=0.01) as sink:
            campaign = started(make_world(contacts=1500, port=sink.port, connections=8))
            thread = threading.Thread(target=_send_and_close, args=(campaign.pk,))
            thread.start()
            sink.wait_for(100)
            campaigns.operations.campaigns.cancel(campaign, actor="test", now=timezone.now())
            thread.join()

            send_all(campaign)

        counts = state_counts(campaign.pk)
        assert counts[RecipientState.SENT] == len(sink.kept) < 1500 - 300
        assert counts[RecipientState.CANCELLED] == 1500 - len(sink.kept)
        assert campaign.finished_at is not None
        assert_ledger_holds(campaign)


CROWD = 8_000  # enough for ten kills with something to do in between


@pytest.mark.slow
class TestSeveralWorkers:
    def test_share_two_campaigns_without_a_second_mail(self):
        with running_sink() as sink:
            world = make_world(contacts=1500, port=sink.port)
            both = [started(world), started(world)]
            with worker() as first, worker() as second:
                first.wait(60)
                second.wait(60)

        assert len(sink.kept) == 3000
        assert all(sink.addresses.count(f"person{n}@example.com") == 2 for n in range(0, 1500, 97))
        for campaign in both:
            campaign.refresh_from_db()
            assert campaign.state == CampaignState.SENT
            assert_ledger_holds(campaign)

    def test_lose_and_double_nobody_when_they_are_killed(self):
        """Ten workers are killed with SIGKILL in the middle; the eleventh finishes the campaign."""
        with running_sink() as sink:
            world = make_world(contacts=CROWD, port=sink.port)
            campaign = started(world)
            for kill in range(10):
                with worker() as process:
                    sink.wait_for(kill * CROWD // 12 + 200)
                    process.kill()
            with worker() as process:
                process.wait(120)

        campaign.refresh_from_db()
        counts = state_counts(campaign.pk)
        doubtful = set(
            Recipient.objects.filter(state=RecipientState.IN_DOUBT).values_list("email", flat=True)
        )
        assert campaign.state == CampaignState.SENT
        assert len(sink.addresses) == len(set(sink.addresses))
        assert counts[RecipientState.SENT] + counts[RecipientState.IN_DOUBT] == CROWD
        assert len(doubtful) <= 10 * world.ip.transport.connections
        assert set(sink.addresses) >= set(
            Recipient.objects.filter(state=RecipientState.SENT).values_list("email", flat=True)
        )
        assert set(sink.addresses) | doubtful == {f"person{n}@example.com" for n in range(CROWD)}
        assert_ledger_holds(campaign)


class TestInDoubt:
    def test_is_what_a_killed_worker_had_on_the_wire_and_is_resent_on_request(self):
        with running_sink(delay=30) as sink:
            world = make_world(contacts=40, port=sink.port, connections=4)
            campaign = started(world, in_doubt_policy=InDoubtPolicy.RESEND)
            with worker() as process:
                sink.wait_for(4)
                process.kill()
                process.wait()
            campaigns.operations.campaigns.pause(campaign, actor="test", now=timezone.now())
            recover(now=timezone.now())
            doubtful = state_counts(campaign.pk)[RecipientState.IN_DOUBT]
            planned = state_counts(campaign.pk)[RecipientState.PLANNED]

            campaigns.operations.campaigns.resume(campaign, actor="test", now=timezone.now())
            sink.delay = 0
            recover(now=timezone.now())
            send_all(campaign)

        assert (doubtful, planned) == (4, 36)
        assert campaign.state == CampaignState.SENT
        ids = [email.message_from_bytes(kept.data)["Message-ID"] for kept in sink.kept]
        assert len(ids) == 44
        assert len(set(ids)) == 40
        assert_ledger_holds(campaign)


def _send_and_close(campaign_id: int) -> None:
    run_campaign(campaign_id, clock=timezone.now, seconds=60)
    connection.close()
    time.sleep(0)
