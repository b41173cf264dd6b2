"""The board of sending IPs, and why a message left through one."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.roles import Role
from insights.periods import hour_of
from tests.admin_world import looking
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import IPReputationFactory, PoolFactory, SendingIPFactory
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

    def test_shows_nothing_of_others(self, client):
        foreign = SendingIPFactory(address="198.51.100.77")
        known(foreign)

        assert "198.51.100.77" not in page(client)

    def test_takes_as_many_queries_for_many_ips(
        self, client, organization, django_assert_max_num_queries
    ):
        for ip in SendingIPFactory.create_batch(8, organization=organization):
            known(ip)

        with django_assert_max_num_queries(14):
            page(client)
