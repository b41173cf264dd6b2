from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.admin_world import looking
from tests.factories.campaigns import CampaignFactory, OrganizationFactory

pytestmark = pytest.mark.django_db
MIDDLEWARE = "common.admin.ZoneMiddleware"
ACCESS = "campaigns.access.AccessMiddleware"


@pytest.fixture(autouse=True)
def _with_zone(settings):
    """Run with the middleware right behind the one it needs."""
    others = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    place = others.index(ACCESS) + 1
    settings.MIDDLEWARE = [*others[:place], MIDDLEWARE, *others[place:]]


class TestZoneMiddleware:
    def test_shows_times_on_the_clock_of_the_organization(self):
        organization = OrganizationFactory(timezone="Asia/Tokyo")
        campaign = CampaignFactory(
            organization=organization,
            state="scheduled",
            scheduled_at=datetime(2027, 1, 1, 20, tzinfo=UTC),
        )

        answer = looking(organization).get(
            reverse("admin:campaigns_campaign_overview", args=[campaign.pk])
        )

        assert "Sat 2 Jan 2027 at 05:00" in answer.content.decode()

    def test_reads_times_on_that_clock(self):
        organization = OrganizationFactory(timezone="Asia/Tokyo")
        client = looking(organization)

        answer = client.post(
            reverse("admin:suppression_suppression_add"),
            {
                "email": "a@example.com",
                "scope": "all",
                "expires_at_0": "2027-01-02",
                "expires_at_1": "05:00:00",
            },
        )

        assert answer.status_code == 302
        assert organization.suppressions.get().expires_at == datetime(2027, 1, 1, 20, tzinfo=UTC)

    def test_leaves_the_clock_as_it_was(self):
        organization = OrganizationFactory(timezone="Asia/Tokyo")

        looking(organization).get(reverse("admin:index"))

        assert timezone.get_current_timezone_name() == "UTC"
