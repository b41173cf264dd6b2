"""A campaign goes out and another system hears of every message, exactly once."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Signer

import insights.pipeline
from common.outgoing import OutgoingClient
from insights.models import DeliveryEvent, WebhookOutbox
from tests.factories.insights import WebhookFactory
from tests.flows.sink import running_sink
from tests.flows.world import make_world, send_all, started
from tests.receiving import receiving

pytestmark = pytest.mark.django_db(transaction=True)

CONTACTS = 600  # more than one claim takes
REFUSED = {
    "person1@example.com": b"550 5.1.1 No such user here\r\n",
    "person2@example.com": b"452 4.2.2 Mailbox full, try later\r\n",
}


def heard_by(receiver, secret):
    """Return the events that a receiver was told, each checked to come from us."""
    return [
        event
        for request in receiver.heard
        for event in Signer(secret).verify(request.body, request.headers)["data"]["events"]
    ]


class TestACampaign:
    def test_is_told_event_by_event(self):
        with receiving() as everything, receiving() as bounces, receiving() as others:
            with running_sink(answer=REFUSED.get) as sink:
                world = make_world(contacts=CONTACTS, port=sink.port)
                listening = {"organization": world.organization}
                types = ["email.sent", "email.bounced", "email.deferred"]
                all_of_it = WebhookFactory(url=everything.url, event_types=types, **listening)
                only_bounces = WebhookFactory(url=bounces.url, **listening)
                WebhookFactory(url=others.url, event_types=types)
                send_all(started(world))
            noted = WebhookOutbox.objects.filter(webhook_id=all_of_it.pk).count()

            insights.pipeline.deliver_due(
                client=OutgoingClient(networks=[ipaddress.ip_network("127.0.0.0/8")]),
                clock=timezone.now,
                lasting=timedelta(seconds=20),
                runners=1,
            )

        recorded = set(DeliveryEvent.objects.values_list("pk", "event_type"))
        told = heard_by(everything, all_of_it.secret)
        assert {(e["id"], e["type"].removeprefix("email.")) for e in told} == recorded
        assert len(told) == len(recorded) == CONTACTS
        assert noted < 10
        (bounced,) = heard_by(bounces, only_bounces.secret)
        assert bounced["data"]["email"] == "person1@example.com"
        assert bounced["data"]["smtp_response"].endswith("No such user here")
        assert bounced["data"]["smtp_code"] == 550
        assert others.heard == []
