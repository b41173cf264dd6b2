"""What providers say when they refuse."""

from datetime import UTC, timedelta

import pytest

from insights.periods import Bucket, Period
from insights.queries.refusals import most_frequent
from tests.factories.campaigns import THE_PAST, CampaignFactory
from tests.insights.board_world import refusals
from tests.insights.counting import count

pytestmark = pytest.mark.django_db
PERIOD = Period(THE_PAST, THE_PAST + timedelta(days=1), Bucket.DAY, UTC)


@pytest.fixture
def campaign():
    made = CampaignFactory(started_at=THE_PAST)
    count(made, provider="yahoo", sent=9, bounced=9)
    return made


def said(campaign, providers=("yahoo",), **narrowed):
    found = most_frequent(campaign.organization_id, period=PERIOD, providers=providers, **narrowed)
    return {provider: (wording.text, wording.number) for provider, wording in found.items()}


class TestMostFrequent:
    def test_is_what_is_said_most_often(self, campaign):
        refusals(campaign, number=3, response="5.7.9 Policy", at=THE_PAST)
        refusals(campaign, number=2, response="5.7.9 policy, id 17", at=THE_PAST)

        assert said(campaign) == {"yahoo": ("554 5.7.9 Policy", 5)}

    def test_reads_the_newest_only(self, campaign, monkeypatch):
        monkeypatch.setattr("insights.queries.refusals.REFUSALS_READ", 2)
        refusals(campaign, number=5, response="old", at=THE_PAST)
        refusals(campaign, number=2, response="new", at=THE_PAST + timedelta(hours=1))

        assert said(campaign) == {"yahoo": ("554 new", 2)}

    def test_asks_the_database_once(self, campaign, django_assert_num_queries):
        with django_assert_num_queries(1):
            said(campaign, ("yahoo", "gmail"))
        with django_assert_num_queries(0):
            said(campaign, ())

    def test_keeps_to_the_period_the_campaign_and_the_organization(self, campaign):
        refusals(campaign, response="too late", at=PERIOD.end)
        other = CampaignFactory()
        count(other, provider="yahoo", bounced=5)
        refusals(other, response="foreign", at=THE_PAST)

        assert said(campaign) == {}
        assert said(campaign, campaign_id=other.pk) == {}

    def test_is_unknown_where_nothing_was_said(self, campaign):
        refusals(campaign, response="", at=THE_PAST)

        assert said(campaign) == {}
