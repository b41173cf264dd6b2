"""Where links lead, and which messages were looked at."""

import pytest

from insights.queries.looked import link_url, messages
from tests.factories.campaigns import CampaignLinkFactory, RecipientFactory

pytestmark = pytest.mark.django_db


class TestLinkUrl:
    def test_finds_the_link_of_the_same_campaign_only(self, django_assert_num_queries):
        recipient = RecipientFactory()
        CampaignLinkFactory(number=1, url="https://other.example/")
        CampaignLinkFactory(campaign=recipient.campaign, number=1, url="https://a.example/")

        with django_assert_num_queries(1):
            assert link_url(recipient.pk, number=1) == "https://a.example/"

        assert link_url(recipient.pk, number=2) is None


class TestMessages:
    def test_knows_those_that_are_there(self, django_assert_num_queries):
        recipient = RecipientFactory()

        with django_assert_num_queries(1):
            found = messages([recipient.pk, 10**9])

        assert list(found) == [recipient.pk]
        assert found[recipient.pk].campaign_id == recipient.campaign_id
        assert found[recipient.pk].contact_id == recipient.contact_id
