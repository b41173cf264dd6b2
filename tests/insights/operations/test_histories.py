"""How soon links are followed at each domain."""

import pytest

from insights.actors.rules import HISTORY_MESSAGES
from insights.models import DomainHistory
from insights.operations.histories import LOOKED_AT, refresh_histories
from insights.operations.recording import record_events
from insights.queries.verdicts import judged
from tests.factories.campaigns import CampaignFactory, ContactFactory, RecipientFactory
from tests.insights.operations.test_revising import DELIVERED_AT, click, delivered

pytestmark = pytest.mark.django_db
NOW = DELIVERED_AT + LOOKED_AT / 2


def followed(campaign, domain, *, fast, slow, method="GET"):
    """Let a link be followed in so many messages to a domain, within moments or later."""
    rows = [
        RecipientFactory(
            campaign=campaign,
            contact=ContactFactory(
                organization=campaign.organization, email=f"p{campaign.pk}x{n}@{domain}"
            ),
        )
        for n in range(fast + slow)
    ]
    record_events([delivered(row) for row in rows])
    clicks = [click(row, 5 if n < fast else 50, method=method) for n, row in enumerate(rows)]
    again = [click(row, 400) for row in rows] if method == "GET" else []
    record_events(judged([*clicks, *again], now=DELIVERED_AT))


def known():
    rows = DomainHistory.objects.order_by("domain", "organization")
    return list(rows.values_list("organization", "domain", "messages", "fast_messages"))


class TestRefreshHistories:
    def test_counts_each_message_once_by_its_first_click(self):
        campaign = CampaignFactory()
        followed(campaign, "Scanned.example", fast=15, slow=10)
        followed(campaign, "few.example", fast=HISTORY_MESSAGES - 1, slow=0)

        assert refresh_histories(now=NOW) == 1

        assert known() == [(campaign.organization_id, "scanned.example", 25, 15)]

    def test_ends_the_same_when_done_again(self):
        followed(CampaignFactory(), "scanned.example", fast=20, slow=0)
        refresh_histories(now=NOW)
        before = known()

        assert refresh_histories(now=NOW) == 1

        assert known() == before

    def test_forgets_what_is_long_ago(self):
        followed(CampaignFactory(), "scanned.example", fast=20, slow=0)
        refresh_histories(now=NOW)

        assert refresh_histories(now=NOW + LOOKED_AT) == 0
        assert known() == []

    def test_keeps_organizations_apart(self):
        one, other = CampaignFactory(), CampaignFactory()
        followed(one, "scanned.example", fast=20, slow=0)
        followed(other, "scanned.example", fast=0, slow=20)

        refresh_histories(now=NOW)

        assert {row[0]: row[3] for row in known()} == {
            one.organization_id: 20,
            other.organization_id: 0,
        }

    def test_does_not_take_head_for_a_click(self):
        followed(CampaignFactory(), "scanned.example", fast=20, slow=0, method="HEAD")

        assert refresh_histories(now=NOW) == 0
