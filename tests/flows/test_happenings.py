"""What changes beside mail is told to webhooks: from the operation to the request."""

import ipaddress
import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook as Signer

import campaigns.operations.campaigns as campaign_moves
import insights.operations.webhooks
import insights.pipeline
import suppression.operations
import warmup.operations.schedules as warmups
from campaigns.operations import contacts
from common.outgoing import OutgoingClient
from insights.happenings import HappeningType
from insights.models import DeliveryEvent, Happening, Webhook, WebhookOutbox
from insights.operations.recording import record_events
from iprouting.models import Breaker
from iprouting.operations import breakers
from iprouting.operations.breakers import Refusal
from suppression.models import Suppression
from suppression.reasons import Origin, Reason
from tests.factories.campaigns import CampaignFactory, ContactFactory, ContactListFactory
from tests.factories.insights import EventFactory, WebhookFactory
from tests.factories.iprouting import BreakerRuleFactory, SendingIPFactory
from tests.receiving import receiving
from warmup.models import DailyAllowance, WarmupSchedule
from warmup.operations.progress import advance

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
NOW = timezone.now()
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver():
    with receiving() as running:
        yield running


@pytest.fixture
def webhook(receiver):
    """A webhook that hears of everything beside mail."""
    return WebhookFactory(url=receiver.url, event_types=[name.value for name in HappeningType])


def told(webhook, receiver):
    """Deliver what waits; return the names and the data of what was heard since the last time."""
    insights.pipeline.deliver_due(
        client=OutgoingClient(networks=LOOPBACK),
        clock=timezone.now,
        lasting=timedelta(seconds=5),
        runners=1,
    )
    bodies = [Signer(webhook.secret).verify(one.body, one.headers) for one in receiver.heard]
    receiver.heard.clear()
    return [(event["type"], event["data"]) for body in bodies for event in body["data"]["events"]]


def names(webhook, receiver):
    return [name for name, _ in told(webhook, receiver)]


class TestCampaigns:
    def test_are_told_from_start_to_end(self, webhook, receiver):
        campaign = CampaignFactory(organization=webhook.organization, name="June news")

        campaign_moves.begin(campaign, actor="ada", now=NOW)
        campaign_moves.pause(campaign, actor="ada", now=NOW + DAY, reason="A typo")
        campaign_moves.resume(campaign, actor="ada", now=NOW + 2 * DAY)
        campaign_moves.cancel(campaign, actor="ada", now=NOW + 3 * DAY)

        heard = told(webhook, receiver)
        assert [name for name, _ in heard] == [
            "campaign.started", "campaign.paused", "campaign.resumed", "campaign.cancelled",
        ]  # fmt: skip
        assert heard[1][1] == {
            "campaign_id": campaign.pk, "campaign_name": "June news", "kind": "broadcast",
            "stream": "marketing", "state": "paused", "previous_state": "preparing",
            "reason": "A typo",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("state", "name"), [("sent", "campaign.completed"), ("failed", "campaign.failed")]
    )
    def test_are_told_when_they_end_by_themselves(self, webhook, receiver, state, name):
        campaign = CampaignFactory(organization=webhook.organization, state="sending")

        campaign_moves.move(campaign, state, actor="system", now=NOW)

        assert names(webhook, receiver) == [name]

    def test_are_not_told_for_what_is_rolled_back(self, webhook, receiver):
        campaign = CampaignFactory(organization=webhook.organization)

        with transaction.atomic():
            campaign_moves.begin(campaign, actor="ada", now=NOW)
            transaction.set_rollback(True)

        assert names(webhook, receiver) == []
        assert not Happening.objects.exists()

    def test_are_not_told_for_what_leaves_their_state_alone(self, webhook, receiver):
        campaign = CampaignFactory(organization=webhook.organization)

        campaign.name = "Another"
        campaign.save()

        assert names(webhook, receiver) == []


class TestBreakers:
    def test_are_told_when_they_open_and_close(self, webhook, receiver):
        BreakerRuleFactory(name="Too fast", provider="gmail", pattern="far too fast")
        refusal = Refusal("203.0.113.7", "gmail", 1, 421, "4.7.0 far too fast", NOW)

        breakers.learn(webhook.organization_id, [refusal], by_report=False, now=NOW)
        breakers.learn(webhook.organization_id, [refusal], by_report=False, now=NOW)
        ((opened, data),) = told(webhook, receiver)
        later = NOW + timedelta(hours=2)
        breakers.take_probes(Breaker.objects.get().pk, now=later)
        breakers.close_probed(
            webhook.organization_id, [("203.0.113.7", "gmail")], by_report=False, now=later
        )

        assert opened == "ip.breaker_opened"
        assert data == {
            "breaker_id": Breaker.objects.get().pk, "ip": "203.0.113.7", "provider": "gmail",
            "state": "suspended", "previous_state": "closed", "until": data["until"],
            "rate_per_minute": None, "reason": "Answered once: 421 4.7.0 far too fast",
            "rule": "Too fast", "times_opened": 1, "changed_by": None,
        }  # fmt: skip
        assert data["until"].startswith(f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}")
        assert names(webhook, receiver) == ["ip.breaker_closed"]

    def test_are_told_when_a_probe_fails(self, webhook, receiver):
        BreakerRuleFactory(provider="gmail", pattern="far too fast")
        for at in (NOW, NOW + timedelta(hours=2)):
            refusal = Refusal("203.0.113.7", "gmail", 1, 421, "4.7.0 far too fast", at)
            breakers.learn(webhook.organization_id, [refusal], by_report=False, now=at)

        first, second = told(webhook, receiver)

        assert (first[0], second[0]) == ("ip.breaker_opened", "ip.breaker_opened")
        assert (first[1]["times_opened"], second[1]["times_opened"]) == (1, 2)

    def test_name_who_overruled_them(self, webhook, receiver):
        breaker = breakers.breaker_for(
            webhook.organization_id, ip="203.0.113.7", provider="gmail", now=NOW
        )
        breakers.open_by_hand(breaker, lasts=DAY, reason="Postmaster", actor="ada", now=NOW)

        ((_, data),) = told(webhook, receiver)

        assert (data["changed_by"], data["reason"]) == ("ada", "Postmaster")


class TestWarmUps:
    def test_are_told_day_by_day(self, webhook, receiver):
        ip = SendingIPFactory(organization=webhook.organization, address="203.0.113.7")
        schedule = warmups.start_warmup(ip, now=NOW)
        assert names(webhook, receiver) == ["warmup.started"]
        DailyAllowance.objects.update(used=10)

        advance(schedule.pk, now=NOW + DAY)
        advance(schedule.pk, now=NOW + DAY)
        ((name, data),) = told(webhook, receiver)

        assert name == "warmup.advanced"
        assert data == {
            "warmup_id": schedule.pk, "ip": "203.0.113.7", "schedule": "standard",
            "status": "active", "previous_status": "active", "day": 2, "previous_day": 1,
            "daily_limit": 50, "reason": None, "resumes_on": None,
        }  # fmt: skip

    def test_are_told_when_they_are_paused_resumed_and_ended(self, webhook, receiver):
        ip = SendingIPFactory(organization=webhook.organization)
        schedule = warmups.start_warmup(ip, now=NOW)
        warmups.pause_warmup(schedule.pk, reason="it moves", actor="ada", now=NOW)
        warmups.resume_warmup(schedule.pk, now=NOW)
        warmups.abort_warmup(schedule.pk, now=NOW)

        heard = told(webhook, receiver)

        assert [name for name, _ in heard] == [
            "warmup.started", "warmup.paused", "warmup.resumed", "warmup.aborted",
        ]  # fmt: skip
        assert heard[1][1]["reason"] == "ada: it moves"

    def test_are_told_when_the_ip_is_warm(self, webhook, receiver):
        ip = SendingIPFactory(organization=webhook.organization)
        schedule = warmups.start_warmup(ip, now=NOW)
        names(webhook, receiver)
        WarmupSchedule.objects.update(current_day=28)
        DailyAllowance.objects.update(used=10)

        advance(schedule.pk, now=NOW + DAY)

        assert names(webhook, receiver) == ["warmup.advanced", "warmup.completed"]


def suppress(organization, email, **given):
    return suppression.operations.suppress(
        organization.pk, email_key=email, reason=Reason.MANUAL, origin=Origin.STAFF, now=NOW,
        **given,
    )  # fmt: skip


class TestSuppressions:
    def test_are_told_once_when_made_and_when_lifted(self, webhook, receiver):
        suppress(webhook.organization, "ada@example.com", note="asked by phone")
        suppress(webhook.organization, "ada@example.com")
        entry = Suppression.objects.get()
        suppression.operations.release(entry, actor="bob", now=NOW)

        created, deleted = told(webhook, receiver)

        assert (created[0], deleted[0]) == ("suppression.created", "suppression.deleted")
        assert {name: created[1][name] for name in ("email", "reason", "scope", "note")} == {
            "email": "ada@example.com", "reason": "manual", "scope": "all",
            "note": "asked by phone",
        }  # fmt: skip

    def test_are_told_again_when_they_last_longer(self, webhook, receiver):
        suppress(webhook.organization, "ada@example.com", expires_at=NOW + DAY)
        suppress(webhook.organization, "ada@example.com", expires_at=NOW + 2 * DAY)

        assert names(webhook, receiver) == ["suppression.created"] * 2

    def test_are_told_each_of_an_import(self, webhook, receiver):
        suppression.operations.import_suppressions(
            webhook.organization, addresses=[f"p{n}@example.com" for n in range(30)], now=NOW
        )

        heard = told(webhook, receiver)

        assert {data["email"] for _, data in heard} == {f"p{n}@example.com" for n in range(30)}
        assert len(heard) == 30


class TestPeople:
    def test_are_told_when_they_come_change_and_go(self, webhook, receiver):
        contact = ContactFactory(organization=webhook.organization, email="ada@example.com")
        contact.first_name = "Augusta"
        contact.save()
        contact.provider, contact.last_human_at = "gmail", NOW
        contact.save()
        contacts.delete_contact(contact)

        heard = told(webhook, receiver)

        assert [name for name, _ in heard] == [
            "contact.created", "contact.updated", "contact.deleted",
        ]  # fmt: skip
        assert (heard[1][1]["email"], heard[1][1]["first_name"]) == ("ada@example.com", "Augusta")

    def test_are_told_when_they_join_and_leave_a_list(self, webhook, receiver):
        contact = ContactFactory(organization=webhook.organization)
        list_ = ContactListFactory(organization=webhook.organization, name="Tea")
        names(webhook, receiver)

        contacts.subscribe(contact, list_, source="form", now=NOW)
        contacts.unsubscribe(contact, list_, now=NOW)
        contacts.subscribe(contact, list_, source="form", now=NOW)
        list_.subscriptions.update(status="pending")
        contacts.subscribe(contact, list_, source="form", now=NOW)

        heard = told(webhook, receiver)
        assert [name for name, _ in heard] == [
            "list.subscribed", "list.unsubscribed", "list.subscribed", "list.confirmed",
        ]  # fmt: skip
        assert heard[0][1] == {
            "list_id": list_.pk, "list_name": "Tea", "contact_id": contact.pk,
            "email": contact.email, "status": "subscribed", "previous_status": None,
            "source": "form",
        }  # fmt: skip


class TestHappenings:
    def test_leave_no_trace_while_nobody_listens(self, webhook):
        Webhook.objects.update(active=False)
        WebhookFactory(event_types=["campaign.started"])

        suppress(webhook.organization, "ada@example.com")
        campaign = CampaignFactory(organization=webhook.organization)
        campaign_moves.begin(campaign, actor="ada", now=NOW)

        assert not Happening.objects.exists()
        assert not WebhookOutbox.objects.exists()

    def test_go_to_every_webhook_that_listens_and_to_no_other(self, webhook, receiver):
        with receiving() as second:
            other = WebhookFactory(
                url=second.url, organization=webhook.organization,
                event_types=["suppression.created"], batch_size=1,
            )  # fmt: skip
            foreign = WebhookFactory(event_types=["suppression.created"])
            suppress(webhook.organization, "ada@example.com")

            assert names(webhook, receiver) == ["suppression.created"]

            body = json.loads(second.heard[0].body)
        assert (body["type"], body["data"]["email"]) == ("suppression.created", "ada@example.com")
        assert other.deliveries.count() == 1
        assert foreign.deliveries.count() == 0
        assert Happening.objects.count() == 1

    def test_share_batches_and_ids_with_mail_events(self, webhook, receiver):
        Webhook.objects.update(event_types=["email.bounced", "suppression.created"])
        record_events([
            EventFactory(organization_id=webhook.organization_id, event_type="bounced",
                bounce_class="hard", ts=NOW - DAY)
        ])  # fmt: skip
        suppress(webhook.organization, "ada@example.com")

        assert names(webhook, receiver) == ["email.bounced", "suppression.created"]

        ids = {Happening.objects.get().pk, DeliveryEvent.objects.get().pk}
        assert len(ids) == 2

    def test_are_forgotten_after_a_while(self, webhook):
        suppress(webhook.organization, "ada@example.com")

        insights.operations.webhooks.forget_deliveries(made_before=timezone.now() + DAY)

        assert not Happening.objects.exists()

    def test_do_not_keep_an_organization_from_being_deleted(self, webhook):
        suppress(webhook.organization, "ada@example.com")
        ContactFactory(organization=webhook.organization)

        webhook.organization.delete()

        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert not Webhook.objects.exists()
