from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

import iprouting.queries
from insights.events import BounceClass, EventType
from insights.models import HourlyCount
from insights.operations.recording import record_events
from iprouting.models import IPReputation
from iprouting.operations import refresh_reputation
from iprouting.reputation import Counts
from tests.factories.campaigns import CampaignFactory, RecipientFactory
from tests.factories.insights import EventFactory
from tests.insights.counting import count

NOW = datetime(2026, 6, 10, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
THIS_HOUR = NOW.replace(minute=0)
IP = "203.0.113.7"


@pytest.fixture
def campaign(db):
    return CampaignFactory()


def refresh(look_back=DAY, now=NOW):
    """Refresh and return how many rows changed."""
    return refresh_reputation(look_back=look_back, now=now)


def rows():
    """Return what is kept, without ids."""
    fields = ("ip", "provider", "window_start", "sent", "delivered", "bounced", "complained")
    return sorted(IPReputation.objects.values_list(*fields))


class TestRefreshReputation:
    def test_sums_the_hours_by_ip_and_provider(self, campaign):
        count(campaign, THIS_HOUR, ip=IP, sent=10, delivered=8, bounced=2, complaints=1)
        count(campaign, THIS_HOUR, ip=IP, variant="B", sent=5, delivered=5)
        count(campaign, THIS_HOUR, ip=IP, provider="yahoo", sent=3)
        count(campaign, THIS_HOUR - HOUR, ip=IP, sent=7, delivered=7)

        changed = refresh()

        assert changed == 3
        assert rows() == [
            (IP, "gmail", THIS_HOUR - HOUR, 7, 7, 0, 0),
            (IP, "gmail", THIS_HOUR, 15, 13, 2, 1),
            (IP, "yahoo", THIS_HOUR, 3, 0, 0, 0),
        ]

    def test_keeps_organizations_apart(self, campaign):
        other = CampaignFactory()
        count(campaign, THIS_HOUR, ip=IP, sent=10)
        count(other, THIS_HOUR, ip=IP, sent=4)

        refresh()

        sent = dict(IPReputation.objects.values_list("organization_id", "sent"))
        assert sent == {campaign.organization_id: 10, other.organization_id: 4}

    def test_leaves_out_what_never_reached_an_ip(self, campaign):
        count(campaign, THIS_HOUR, ip="", failed=3)
        count(campaign, THIS_HOUR, ip=IP, opens=3)

        assert refresh() == 0
        assert rows() == []

    def test_changes_nothing_when_run_again(self, campaign):
        count(campaign, THIS_HOUR, ip=IP, sent=10)
        refresh()
        before = list(IPReputation.objects.values())

        assert refresh() == 0
        assert list(IPReputation.objects.values()) == before

    def test_forgets_what_is_no_longer_counted(self, campaign):
        count(campaign, THIS_HOUR, ip=IP, sent=10)
        refresh()
        HourlyCount.objects.all().delete()

        assert refresh() == 1
        assert rows() == []

    def test_leaves_older_hours_alone(self, campaign):
        old = count(campaign, THIS_HOUR - 3 * DAY, ip=IP, sent=10)
        refresh(look_back=7 * DAY)
        old.delete()

        assert refresh(look_back=DAY) == 0
        assert len(rows()) == 1

    def test_corrects_an_earlier_hour_after_a_late_bounce(self, campaign):
        row = RecipientFactory(campaign=campaign, state="sent", ip=IP, provider="gmail")
        about = {
            "organization_id": campaign.organization_id,
            "campaign_id": campaign.pk,
            "recipient_id": row.pk,
            "ip": IP,
            "provider": "gmail",
        }
        taken_at = THIS_HOUR - 5 * HOUR
        delivered = [
            EventFactory(event_type=kind, ts=taken_at, **about)
            for kind in (EventType.SENT, EventType.DELIVERED)
        ]
        record_events(delivered)
        refresh()
        before = rows()

        bounce = EventFactory(
            event_type=EventType.BOUNCED, bounce_class=BounceClass.HARD, ts=NOW, **about
        )
        record_events([bounce])
        refresh()

        assert before == [(IP, "gmail", taken_at, 1, 1, 0, 0)]
        assert rows() == [
            (IP, "gmail", taken_at, 1, 0, 0, 0),
            (IP, "gmail", THIS_HOUR, 0, 0, 1, 0),
        ]


@pytest.mark.django_db(transaction=True)
class TestRefreshReputationTwiceAtOnce:
    def test_ends_with_every_row_once(self):
        campaign = CampaignFactory()
        for hours in range(20):
            count(campaign, THIS_HOUR - hours * HOUR, ip=IP, sent=hours + 1)

        def run(_):
            try:
                return refresh()
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            changed = list(pool.map(run, range(4)))

        assert sorted(changed) == [0, 0, 0, 20]
        assert [row[3] for row in rows()] == list(range(20, 0, -1))


class TestReputation:
    def test_covers_the_24_hours_that_end_with_this_one(self, campaign):
        count(campaign, THIS_HOUR, ip=IP, sent=1)
        count(campaign, THIS_HOUR - 23 * HOUR, ip=IP, sent=10)
        count(campaign, THIS_HOUR - 24 * HOUR, ip=IP, sent=100)
        refresh(look_back=7 * DAY)

        found = iprouting.queries.reputation(campaign.organization_id, now=NOW)

        assert found == {(IP, "gmail"): Counts(sent=11)}

    def test_can_be_asked_of_some_ips(self, campaign, django_assert_num_queries):
        count(campaign, THIS_HOUR, ip=IP, sent=1)
        count(campaign, THIS_HOUR, ip="203.0.113.8", sent=2)
        refresh()

        with django_assert_num_queries(1):
            found = iprouting.queries.reputation(
                campaign.organization_id, now=NOW, addresses=["203.0.113.8"]
            )

        assert found == {("203.0.113.8", "gmail"): Counts(sent=2)}

    def test_shows_nothing_of_another_organization(self, campaign):
        count(CampaignFactory(), THIS_HOUR, ip=IP, sent=1)
        refresh()

        assert iprouting.queries.reputation(campaign.organization_id, now=NOW) == {}
