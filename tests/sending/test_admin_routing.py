"""The board of sending IPs, and why a message left through one."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.roles import Role
from insights.periods import hour_of
from tests.admin_world import looking
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import (
    BreakerFactory,
    IPReputationFactory,
    PoolFactory,
    SendingIPFactory,
)
from tests.factories.warmup import WarmupFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization, Role.VIEWER)


def known(ip, provider="gmail", **counts):
    return IPReputationFactory(
        organization=ip.organization,
        ip=ip.address,
        provider=provider,
        window_start=hour_of(timezone.now()),
        **counts,
    )


def page(client):
    answer = client.get(reverse("admin:iprouting_board"))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


class TestBoard:
    def test_says_what_to_do_without_ips(self, client):
        assert "No sending IP yet" in page(client)

    def test_shows_score_sample_and_share_of_each_ip_at_each_provider(self, client, organization):
        pool = PoolFactory(organization=organization)
        good, bad = SendingIPFactory.create_batch(2, organization=organization, pool=pool)
        known(good, sent=3000, delivered=3000)
        known(bad, sent=1000, delivered=900, bounced=100)
        known(bad, "yahoo", sent=10, delivered=10)

        shown = page(client)

        assert "mw-heat-best" in shown
        assert ">1.00<" in shown
        assert ">-0.10<" in shown
        assert "n 3,000" in shown
        assert "75.0 %" in shown
        assert "mw-heat-small" in shown
        assert "Yahoo" in shown

    def test_names_the_state_of_each_ip(self, client, organization):
        SendingIPFactory(organization=organization, active=False)
        SendingIPFactory(
            organization=organization,
            unreachable_until=timezone.now() + timedelta(minutes=1),
            unreachable_reason="Connection refused",
        )
        WarmupFactory(
            ip__organization=organization, status="active", current_day=3, daily_limit=100
        )

        shown = page(client)

        assert "Switched off" in shown
        assert "Connection refused" in shown
        assert "Day 3 of 28" in shown

    def test_shows_what_is_held_back_with_the_reason(self, client, organization):
        ip = SendingIPFactory(organization=organization)
        known(ip)
        now = timezone.now()
        breaker = BreakerFactory(
            organization=organization, ip=ip.address, state="suspended", opened_at=now,
            until=now + timedelta(hours=1), reason="Answered once: 421 4.7.0 unusual rate",
        )  # fmt: skip
        BreakerFactory(
            organization=organization, ip=ip.address, provider="gmx", state="probing",
            reason="Too many connections",
        )  # fmt: skip
        BreakerFactory(
            organization=organization, ip=ip.address, provider="yahoo", state="slowed",
            opened_at=now, until=now + timedelta(hours=1), rate_per_minute=60, reason="Busy",
            changed_by="ada",
        )  # fmt: skip

        shown = page(client)

        assert "Stopped until" in shown
        assert "Answered once: 421 4.7.0 unusual rate" in shown
        assert "Half open trying now" in shown
        assert "GMX and WEB.DE" in shown
        assert "60 messages a minute until" in shown
        assert "By hand, ada: Busy" in shown
        assert reverse("admin:iprouting_breaker_change", args=[breaker.pk]) in shown

    def test_is_silent_about_breakers_that_hold_nothing_back(self, client, organization):
        ip = SendingIPFactory(organization=organization)
        past = timezone.now() - timedelta(hours=1)
        BreakerFactory(organization=organization, ip=ip.address, reason="Long ago")
        BreakerFactory(
            organization=organization, ip=ip.address, provider="yahoo", state="slowed",
            opened_at=past, until=past, rate_per_minute=60, reason="Was busy",
        )  # fmt: skip

        shown = page(client)

        assert "Held back now" not in shown
        assert "Was busy" not in shown
        assert "Nothing was sent in the last 24 hours" in shown

    def test_tells_what_each_pool_falls_back_to(self, client, organization):
        reserve = PoolFactory(organization=organization, name="Aside", stream="transactional")
        orders = PoolFactory(
            organization=organization, name="Orders", stream="transactional", fallback=reserve
        )
        news = PoolFactory(organization=organization, name="News")
        for pool in (reserve, orders, news):
            SendingIPFactory(organization=organization, pool=pool)

        shown = page(client)

        assert "<b>Orders</b>: when none of its IPs can take a message, Aside does." in shown
        assert "<b>Aside</b>: carries mail only while no IP of Orders can." in shown
        assert "<b>News</b>: when none of its IPs can take a message, it waits." in shown
        assert shown.index("<b>Orders</b>") < shown.index("<b>Aside</b>")

    def test_shows_nothing_of_others(self, client):
        foreign = SendingIPFactory(address="198.51.100.77")
        known(foreign)
        BreakerFactory(
            organization=foreign.organization, ip=foreign.address, state="probing", reason="Theirs"
        )

        assert "198.51.100.77" not in page(client)

    def test_takes_as_many_queries_for_many_ips(
        self, client, organization, django_assert_max_num_queries
    ):
        for ip in SendingIPFactory.create_batch(8, organization=organization):
            known(ip)

        with django_assert_max_num_queries(14):
            page(client)
