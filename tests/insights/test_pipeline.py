import contextlib
import ipaddress
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings as project
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook as Signer

import insights.operations.webhooks
import insights.pipeline
from common.outgoing import Limits, OutgoingClient
from insights.events import BounceClass, EventType
from insights.models import Webhook, WebhookDelivery, WebhookOutbox
from insights.operations.recording import record_events
from tests.factories.campaigns import RecipientFactory
from tests.factories.insights import EventFactory, WebhookFactory
from tests.receiving import receiving

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
TURN = timedelta(seconds=5)
TIMEOUT_SECONDS = 30


@pytest.fixture
def receiver():
    with receiving() as running:
        yield running


@pytest.fixture
def webhook(receiver, db):
    return WebhookFactory(url=receiver.url, description="Shop")


def bounce(webhook, number=1, **given):
    """Record bounces of messages of the webhook's organization; return the messages."""
    rows = RecipientFactory.create_batch(
        number, campaign__organization=webhook.organization, state="sent"
    )
    record_events(
        [
            EventFactory(
                organization_id=row.organization_id,
                campaign_id=row.campaign_id,
                recipient_id=row.pk,
                event_type=EventType.BOUNCED,
                bounce_class=BounceClass.HARD,
                provider="gmail",
                smtp_code=550,
                enhanced_code="5.1.1",
                smtp_response="5.1.1 No such user",
                **given,
            )
            for row in rows
        ]
    )
    return rows


def deliver(*, later=timedelta(), networks=LOOPBACK, runners=1):
    """Deliver what is due, on a clock that runs ahead by `later`."""
    return insights.pipeline.deliver_due(
        client=OutgoingClient(networks=networks),
        clock=lambda: timezone.now() + later,
        lasting=TURN,
        runners=runners,
    )


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(insights.pipeline, "LIMITS", Limits(seconds=0.5, answer_bytes=1_000))


class TestDeliverDue:
    def test_tells_what_happened(self, webhook, receiver):
        (row,) = bounce(webhook)

        assert deliver() == 1

        (heard,) = receiver.heard
        body = Signer(webhook.secret).verify(heard.body, heard.headers)
        (event,) = body["data"]["events"]
        assert event["type"] == "email.bounced"
        assert event["data"] == {
            "campaign_id": row.campaign_id, "campaign_name": row.campaign.name,
            "recipient_id": row.pk, "contact_id": row.contact_id, "email": row.email,
            "provider": "gmail", "stream": "marketing", "identity_id": None, "list_id": None,
            "ip": None, "variant": None, "source": "smtp", "smtp_code": 550,
            "enhanced_code": "5.1.1", "smtp_response": "5.1.1 No such user",
            "bounce_class": "hard", "actor": None, "actor_reasons": [], "url": None,
        }  # fmt: skip

    def test_names_who_opened_and_why_we_think_so(self, webhook, receiver):
        Webhook.objects.update(event_types=["email.opened"], batch_size=1)
        event = EventFactory(
            organization_id=webhook.organization_id,
            event_type=EventType.OPENED,
            actor="machine",
            actor_reasons=("prefetched",),
        )
        record_events([event])

        deliver()

        told = json.loads(receiver.heard[0].body)
        assert told["type"] == "email.opened"
        assert told["data"]["actor"] == "machine"
        assert told["data"]["actor_reasons"] == ["prefetched"]
        assert told["data"]["email"] is None

    def test_tells_every_event_once(self, webhook, receiver):
        Webhook.objects.update(batch_size=7)
        bounce(webhook, 30)

        assert deliver() == 5

        told = [e["id"] for h in receiver.heard for e in json.loads(h.body)["data"]["events"]]
        assert len(told) == len(set(told)) == 30
        assert deliver() == 0

    def test_tells_nothing_of_another_organization(self, webhook, receiver):
        bounce(WebhookFactory(url="http://127.0.0.1:1/"))

        deliver()

        assert receiver.heard == []

    def test_does_not_wait_for_slow_servers_to_serve_others(self, webhook, receiver, impatient):
        receiver.meanwhile = lambda _handler: time.sleep(1)
        with receiving() as quick:
            other = WebhookFactory(url=quick.url, batch_size=1)
            bounce(webhook)
            bounce(other, 3)

            deliver()

        assert len(quick.heard) == 3
        slow = WebhookDelivery.objects.get(webhook=webhook)
        assert (slow.status, slow.problem) == ("waiting", "No answer within 0.5 seconds.")

    def test_makes_one_request_at_a_time_to_a_server(self, webhook, receiver):
        together, most = 0, 0
        lock = threading.Lock()

        def count(_handler):
            nonlocal together, most
            with lock:
                together += 1
                most = max(most, together)
            time.sleep(0.02)
            with lock:
                together -= 1

        receiver.meanwhile = count
        Webhook.objects.update(batch_size=1)
        bounce(webhook, 10)

        deliver()

        assert (len(receiver.heard), most) == (10, 1)

    def test_comes_again_with_the_same_id_after_a_failure(self, webhook, receiver):
        bounce(webhook)
        receiver.status, receiver.answer = 500, b"database is down"

        deliver()
        failed = WebhookDelivery.objects.get()
        receiver.status = 200
        deliver(later=timedelta(minutes=1))

        first, second = receiver.heard
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert json.loads(first.body) == json.loads(second.body)
        assert (failed.status, failed.response_status) == ("waiting", 500)
        assert failed.response_excerpt == "database is down"
        assert WebhookDelivery.objects.get().status == "delivered"

    def test_is_not_stopped_by_one_delivery_that_fails(self, webhook, receiver):
        bounce(webhook)
        receiver.status = 400
        deliver()
        receiver.status = 200
        bounce(webhook)

        deliver(later=timedelta(seconds=6))

        assert sorted(WebhookDelivery.objects.values_list("status", flat=True)) == [
            "delivered",
            "waiting",
        ]

    def test_stops_for_good_at_410(self, webhook, receiver):
        receiver.status = 410
        bounce(webhook)
        deliver()

        bounce(webhook)
        deliver(later=timedelta(days=1))

        webhook.refresh_from_db()
        assert not webhook.active
        assert len(receiver.heard) == 1

    def test_follows_no_redirect_inside(self, webhook, receiver):
        with receiving("127.0.0.5") as inside:
            receiver.status, receiver.headers = 307, {"Location": inside.url}
            bounce(webhook)

            deliver()

        assert inside.heard == []
        assert "redirect" in WebhookDelivery.objects.get().problem

    def test_never_reaches_an_address_that_is_not_public(self, webhook, receiver):
        bounce(webhook)

        deliver(networks=())

        assert receiver.heard == []
        assert "not a public address" in WebhookDelivery.objects.get().problem

    def test_keeps_only_the_beginning_of_a_huge_answer(self, webhook, receiver):
        receiver.answer = b"x" * 10_000_000
        bounce(webhook)

        deliver()

        delivery = WebhookDelivery.objects.get()
        assert (delivery.status, len(delivery.response_excerpt)) == ("delivered", 1_000)

    def test_says_that_nobody_listens(self, webhook, receiver):
        with receiving() as gone:
            Webhook.objects.update(url=gone.url)
        bounce(webhook)

        deliver()

        assert "No connection" in WebhookDelivery.objects.get().problem

    def test_signs_with_the_old_secret_for_a_day(self, webhook, receiver):
        old = webhook.secret
        new = insights.operations.webhooks.rotate_secret(webhook, now=timezone.now())
        bounce(webhook)

        deliver()

        (heard,) = receiver.heard
        for secret in (old, new):
            assert Signer(secret).verify(heard.body, heard.headers)

    def test_tells_nothing_of_events_that_were_deleted(self, webhook, receiver):
        bounce(webhook)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM email_delivery_events")

        deliver()

        assert receiver.heard == []
        assert WebhookDelivery.objects.get().problem == insights.pipeline.NOTHING_LEFT

    def test_explains_a_secret_that_cannot_be_read(self, webhook, receiver, settings):
        bounce(webhook)
        settings.SECRET_KEY = "another one since"

        deliver()

        assert "SECRET_KEY" in WebhookDelivery.objects.get().problem

    def test_goes_on_after_a_mistake_of_our_own(self, webhook, receiver, caplog):
        bounce(webhook)
        bounce(WebhookFactory(url="http://127.0.0.1:1/"))

        class Broken(OutgoingClient):
            def request(self, method, url, **given):
                if url == receiver.url:
                    return super().request(method, url, **given)
                raise ZeroDivisionError

        insights.pipeline.deliver_due(
            client=Broken(networks=LOOPBACK), clock=timezone.now, lasting=TURN, runners=1
        )

        assert len(receiver.heard) == 1
        problems = set(WebhookDelivery.objects.values_list("status", "problem"))
        assert problems == {("delivered", ""), ("waiting", insights.pipeline.OUR_MISTAKE)}
        assert "ZeroDivisionError" in caplog.text

    def test_sends_a_test_at_once(self, webhook, receiver):
        Webhook.objects.update(active=False)
        insights.operations.webhooks.send_test(webhook, now=timezone.now())

        deliver()

        (heard,) = receiver.heard
        assert Signer(webhook.secret).verify(heard.body, heard.headers)["type"] == "webhook.test"


DELIVER = """
import django; django.setup()
from insights.tasks import deliver_webhooks
deliver_webhooks()
"""


@pytest.mark.django_db(transaction=True)
class TestAKilledWorker:
    def test_loses_nothing(self, receiver):
        webhook = WebhookFactory(url=receiver.url)
        bounce(webhook, 3)
        reached, gone = threading.Event(), threading.Event()

        def wait(_handler):
            reached.set()
            gone.wait(TIMEOUT_SECONDS)

        receiver.meanwhile = wait
        worker = subprocess.Popen([sys.executable, "-c", DELIVER], env=self.environment())
        try:
            assert reached.wait(TIMEOUT_SECONDS)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait(TIMEOUT_SECONDS)
            gone.set()
        receiver.meanwhile = lambda _handler: None

        deliver()
        too_early = len(receiver.heard)
        deliver(later=timedelta(minutes=3))

        first, second = receiver.heard
        assert too_early == 1
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        assert list(WebhookDelivery.objects.values_list("status", "attempts")) == [("delivered", 2)]
        assert not WebhookOutbox.objects.exists()

    def environment(self):
        """Return the environment of a process that works on the test's own database."""
        server = urlsplit(os.environ["DATABASE_URL"])
        database = server._replace(path=f"/{connection.settings_dict['NAME']}")
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database.geturl(),
            "SECRET_KEY": project.SECRET_KEY,
            "MAILWRIGHT_OUTGOING_NETWORKS": "127.0.0.0/8",
        }


@pytest.mark.django_db(transaction=True)
class TestADeletedWebhook:
    def test_does_not_stop_the_recording_of_events(self):
        webhook = WebhookFactory()
        deleted, recorded = threading.Event(), []

        def delete():
            with contextlib.closing(connection):
                Webhook.objects.all().delete()
                deleted.set()

        with transaction.atomic():
            recorded += bounce(webhook, 2)
            thread = threading.Thread(target=delete)
            thread.start()
            assert deleted.wait(TIMEOUT_SECONDS)
        thread.join(TIMEOUT_SECONDS)

        assert len(recorded) == 2
        assert deliver() == 0


@pytest.mark.django_db(transaction=True)
class TestRunners:
    def test_are_no_more_than_allowed(self, receiver):
        """The place of a runner is held by its connection, so one that dies leaves it free."""
        bounce(WebhookFactory(url=receiver.url))
        others = []

        def run():
            with contextlib.closing(connection):
                others.append(deliver())

        with insights.pipeline.place(1) as free:
            thread = threading.Thread(target=run)
            thread.start()
            thread.join(TIMEOUT_SECONDS)

        assert free
        assert others == [0]
        assert deliver() == 1
