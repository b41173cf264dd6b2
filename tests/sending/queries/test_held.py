"""At which providers a campaign cannot go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.roles import Role
from sending.queries.held import Held, held
from tests.admin_world import looking
from tests.factories.campaigns import CampaignFactory, OrganizationFactory, RecipientFactory
from tests.factories.iprouting import BreakerFactory, SendingIPFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


@pytest.fixture
def campaign():
    """A campaign with two IPs, and somebody at Gmail who waits."""
    organization = OrganizationFactory()
    for number in (7, 8):
        SendingIPFactory(organization=organization, address=f"203.0.113.{number}")
    found = CampaignFactory(organization=organization, state="sending")
    RecipientFactory(campaign=found, state="planned", provider="gmail", not_before=SOON)
    return found


def stop(campaign, number, *, provider="gmail", until=SOON, state="suspended"):
    BreakerFactory(
        organization=campaign.organization, ip=f"203.0.113.{number}", provider=provider,
        state=state, opened_at=NOW, until=until, rate_per_minute=1, reason="Busy",
    )  # fmt: skip


class TestHeld:
    def test_names_who_holds_every_ip_back_until_the_first_may_try(self, campaign):
        stop(campaign, 7, until=LATER)
        stop(campaign, 8)

        assert held(campaign, now=NOW) == [Held("gmail", SOON)]

    def test_knows_no_time_once_an_ip_tries(self, campaign):
        stop(campaign, 7)
        stop(campaign, 8, state="probing", until=None)

        assert held(campaign, now=NOW) == [Held("gmail", None)]

    def test_is_empty_while_an_ip_may_send(self, campaign):
        stop(campaign, 7)
        stop(campaign, 8, state="slowed")

        assert held(campaign, now=NOW) == []

    def test_is_empty_for_providers_that_nobody_waits_for(self, campaign):
        stop(campaign, 7, provider="yahoo")
        stop(campaign, 8, provider="yahoo")

        assert held(campaign, now=NOW) == []

    def test_is_empty_without_ips(self, campaign):
        campaign.organization.ips.update(active=False)
        stop(campaign, 7)
        stop(campaign, 8)

        assert held(campaign, now=NOW) == []

    def test_stands_on_the_page_of_the_campaign(self, campaign):
        stop(campaign, 7)
        stop(campaign, 8)
        url = reverse("admin:campaigns_campaign_overview", args=[campaign.pk])

        page = looking(campaign.organization, Role.VIEWER).get(url).content.decode()

        assert "<b>Gmail</b> holds all IPs back" in page
        assert reverse("admin:iprouting_board") in page
