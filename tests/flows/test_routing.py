"""Which IP carries a message, from reputation to the explanation."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

import iprouting.operations
from campaigns.models import Contact, Recipient
from insights.periods import hour_of
from iprouting.decisions import KEPT_FOR
from iprouting.models import RoutingDecision
from tests.calling import caller
from tests.factories.iprouting import IPReputationFactory, PoolFactory, SendingIPFactory
from tests.flows.sink import running_sink
from tests.flows.world import make_world, send_all, started

pytestmark = pytest.mark.django_db(transaction=True)
AT_GMAIL, AT_YAHOO = 60, 40


def known(world, ip, provider, **counts):
    """Have an IP a reputation at a provider, of this hour."""
    IPReputationFactory(
        organization=world.organization,
        ip=ip.address,
        provider=provider,
        window_start=hour_of(timezone.now()),
        **counts,
    )


def sent_world(port):
    """Return a world with two IPs, one of which Gmail refuses, after a campaign to 100 people."""
    world = make_world(contacts=AT_GMAIL + AT_YAHOO, port=port)
    refused = world.ip
    taken = SendingIPFactory(
        organization=world.organization, pool=refused.pool, transport=refused.transport
    )
    Contact.objects.update(provider="yahoo")
    some = Contact.objects.order_by("pk").values("pk")[:AT_GMAIL]
    Contact.objects.filter(pk__in=list(some.values_list("pk", flat=True))).update(provider="gmail")
    known(world, refused, "gmail", sent=1000, delivered=400, bounced=600)
    for ip, provider in ((taken, "gmail"), (taken, "yahoo"), (refused, "yahoo")):
        known(world, ip, provider, sent=1000, delivered=990, bounced=2)
    campaign = started(world)
    send_all(campaign)
    return world, refused, taken


class TestACampaignThroughTwoIPs:
    def test_leaves_by_the_score_at_each_provider_and_says_why(self):
        with running_sink() as sink:
            world, refused, taken = sent_world(sink.port)

        left = Counter(Recipient.objects.values_list("provider", "ip"))
        assert left["gmail", refused.address] == 0
        assert left["gmail", taken.address] == AT_GMAIL
        assert left["yahoo", taken.address] == pytest.approx(AT_YAHOO / 2, abs=2)
        assert left["yahoo", refused.address] == pytest.approx(AT_YAHOO / 2, abs=2)

        api = caller(world.organization, "viewer")
        for message in Recipient.objects.all():
            told = api.get(f"/api/routing/explain?recipient={message.pk}").json()
            assert told["ip"] == message.ip
        message = Recipient.objects.filter(provider="gmail").first()
        told = api.get(f"/api/routing/explain?recipient={message.pk}").json()
        assert "best score" in told["explanation"]
        by_ip = {one["ip"]: one for one in told["candidates"]}
        assert by_ip[refused.address] | {
            "bounced": 600, "rule": "reserve", "share": 0.0, "obstacle": None, "room": None,
        } == by_ip[refused.address]  # fmt: skip
        assert by_ip[refused.address]["raw_score"] == by_ip[refused.address]["score"] == -5.6
        assert by_ip[taken.address]["share"] == 1.0

    def test_forgets_why_after_a_while(self):
        with running_sink() as sink:
            world, *_ = sent_world(sink.port)
        message = Recipient.objects.first()

        early = iprouting.operations.forget_decisions(now=timezone.now())
        late = iprouting.operations.forget_decisions(
            now=timezone.now() + KEPT_FOR + timedelta(hours=1)
        )

        told = caller(world.organization).get(f"/api/routing/explain?recipient={message.pk}")
        assert early == 0
        assert late > 0
        assert told.json()["candidates"] == []
        assert told.json()["ip"] == message.ip

    def test_remembers_the_best_for_the_next_turn(self):
        with running_sink() as sink:
            world, _, taken = sent_world(sink.port)

        best = iprouting.queries.latest_best(world.organization.pk, stream="marketing")

        assert RoutingDecision.objects.filter(best__gmail=taken.pk).exists()
        assert set(best.values()) <= {ip.pk for ip in world.organization.ips.all()}

    def test_remembers_the_best_at_providers_that_a_later_batch_has_nobody_of(self):
        with running_sink() as sink:
            world = make_world(contacts=5, port=sink.port)
            for provider in ("gmail", "yahoo"):
                Contact.objects.update(provider=provider)
                send_all(started(world))

        best = iprouting.queries.latest_best(world.organization.pk, stream="marketing")

        assert best == {"gmail": world.ip.pk, "yahoo": world.ip.pk}

    def test_never_leaves_through_the_other_stream(self):
        with running_sink() as sink:
            world = make_world(contacts=20, port=sink.port)
            other = PoolFactory(organization=world.organization, stream="transactional")
            foreign = SendingIPFactory(
                organization=world.organization, pool=other, transport=world.ip.transport
            )
            known(world, foreign, "other", sent=1000, delivered=1000)
            send_all(started(world))

        assert set(Recipient.objects.values_list("ip", flat=True)) == {world.ip.address}


class TestExplain:
    def test_says_that_nothing_was_chosen_yet(self):
        world = make_world(contacts=1, port=1)
        message = Recipient.objects.get(campaign=started(world))

        told = caller(world.organization).get(f"/api/routing/explain?recipient={message.pk}")

        assert told.json() == {
            "recipient_id": message.pk,
            "provider": message.provider,
            "ip": "",
            "at": None,
            "explanation": "It has not left yet, so no IP was chosen.",
            "candidates": [],
        }

    @pytest.mark.parametrize("asked", ["", "?recipient=x", "?recipient=-1"])
    def test_refuses_what_is_no_message(self, asked):
        world = make_world(contacts=0, port=1)

        assert caller(world.organization).get(f"/api/routing/explain{asked}").status_code == 400
