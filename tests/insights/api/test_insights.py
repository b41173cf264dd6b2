"""Figures over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.calling import caller, fields_of
from tests.factories.campaigns import THE_PAST, CampaignFactory, OrganizationFactory
from tests.insights.counting import count

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = {"from": "2026-03-29T00:00:00+01:00", "to": "2026-03-30T00:00:00+02:00"}


@pytest.fixture
def campaign():
    organization = OrganizationFactory(timezone="Europe/Berlin")
    return CampaignFactory(organization=organization, name="Spring", started_at=THE_PAST)


@pytest.fixture
def api(campaign):
    return caller(campaign.organization, "viewer")


def path(campaign):
    return f"/api/campaigns/{campaign.pk}/insights"


class TestCampaign:
    @pytest.mark.parametrize(
        "group_by", ["provider", "identity", "day", "hour", "list", "ip", "variant"]
    )
    @pytest.mark.parametrize(("bucket", "points"), [("hour", 23), ("day", 1)])
    def test_answers_for_every_group_and_bucket(self, api, campaign, group_by, bucket, points):
        count(campaign, datetime(2026, 3, 29, 12, tzinfo=UTC), sent=4, delivered=2)
        asked = {**DAY, "group_by": group_by, "bucket": bucket}

        body = api.get(path(campaign), asked).json()

        assert (body["bucket"], body["group_by"]) == (bucket, group_by)
        assert (body["from"], body["to"]) == (DAY["from"], DAY["to"])
        assert (body["totals"]["sent"], body["totals"]["delivery_rate"]) == (4, 0.5)
        assert body["totals"]["ctor"] is None
        [group] = body["groups"]
        assert len(group["series"]) == points
        assert group["series"][0]["ts"] == DAY["from"]
        assert sum(point["sent"] for point in group["series"]) == group["totals"]["sent"] == 4

    def test_shows_this_campaign_only(self, api, campaign):
        count(CampaignFactory(organization=campaign.organization), sent=3)
        count(campaign, sent=1)

        assert api.get(path(campaign)).json()["totals"]["sent"] == 1

    def test_begins_with_the_campaign_and_ends_with_the_present_hour(self, api, campaign):
        begun = timezone.now() - HOUR * 5
        campaign.started_at = begun
        campaign.save()

        body = api.get(path(campaign), {"group_by": "provider", "tz": "UTC"}).json()

        assert datetime.fromisoformat(body["from"]) <= begun
        assert timezone.now() <= datetime.fromisoformat(body["to"]) + HOUR
        assert body["bucket"] == "hour"

    def test_can_be_asked_about_before_it_starts(self, api, campaign):
        campaign.started_at = None
        campaign.save()

        assert len(api.get(path(campaign)).json()["groups"][0]["series"]) == 31

    def test_of_another_organization_does_not_exist(self, api):
        assert api.get(path(CampaignFactory())).status_code == 404

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("from", "soon"),
            ("from", "0001-01-01T00:00:00Z"),
            ("to", "9999-12-31T23:59:59-23:00"),
            ("to", "2020-01-01T00:00:00Z"),
            ("group_by", "shoe size"),
            ("group_by", "campaign"),
            ("bucket", "minute"),
            ("tz", "Mars/Olympus"),
            ("tz", "\x00"),
        ],
    )
    def test_names_the_parameter_that_is_not_right(self, api, campaign, field, value):
        answer = api.get(path(campaign), {field: value})

        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert fields_of(answer) == [field]

    def test_refuses_decades_by_the_hour(self, api, campaign):
        answer = api.get(path(campaign), {"from": "1990-01-01T00:00:00Z", "bucket": "hour"})

        assert answer.status_code == 400
        assert fields_of(answer) == ["from"]


class TestOrganization:
    def test_adds_up_all_campaigns(self, api, campaign):
        other = CampaignFactory(organization=campaign.organization, name="Autumn")
        recent = timezone.now().replace(minute=0, second=0, microsecond=0) - HOUR
        count(campaign, recent, sent=1)
        count(other, recent, sent=2)
        count(CampaignFactory(), recent, sent=100)

        body = api.get("/api/insights?group_by=campaign").json()

        assert body["totals"]["sent"] == 3
        assert [group["label"] for group in body["groups"]] == ["Autumn", "Spring"]

    def test_can_be_narrowed(self, api, campaign):
        recent = timezone.now().replace(minute=0, second=0, microsecond=0) - HOUR
        count(campaign, recent, sent=1, list_id=4)
        count(campaign, recent, sent=2)

        asked = {"campaign": campaign.pk, "provider": "gmail", "list": 4, "stream": "marketing"}

        assert api.get("/api/insights", asked).json()["totals"]["sent"] == 1
        assert api.get("/api/insights", {"list": 0}).json()["totals"]["sent"] == 2

    @pytest.mark.parametrize(
        ("field", "value"),
        [("campaign", "x"), ("list", "-1"), ("identity", str(2**63)), ("stream", "river")],
    )
    def test_names_the_filter_that_is_not_right(self, api, field, value):
        answer = api.get("/api/insights", {field: value})

        assert answer.status_code == 400
        assert fields_of(answer) == [field]
