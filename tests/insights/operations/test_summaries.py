"""Summaries say what the counts say, at every moment."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery import current_app
from django.db import connections

from insights.events import Actor, EventType
from insights.figures import GroupBy
from insights.models import HourlyCount, HourlySummary, StaleHour, SummarizedOrganization
from insights.operations.recording import record_events
from insights.operations.rollups import rebuild
from insights.operations.summaries import SUMMARY_LOCK, sum_up
from insights.periods import Bucket, Period
from insights.queries.counts import insights
from tests.factories.campaigns import CampaignFactory, ContactListFactory, RecipientFactory
from tests.factories.insights import EventFactory

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the clock of Berlin changes on the 29th
BERLIN = ZoneInfo("Europe/Berlin")
PERIOD = Period(NOW - timedelta(days=2), NOW + timedelta(days=3), Bucket.DAY, BERLIN)


class World:
    """An organization with two campaigns to two providers and lists, one without a pixel."""

    def __init__(self):
        self.campaign = CampaignFactory(name="Spring")
        organization = self.campaign.organization
        other = CampaignFactory(organization=organization, name="Summer", track_opens=False)
        lists = ContactListFactory.create_batch(2, organization=organization)
        self.rows = [
            RecipientFactory(
                campaign=campaign, list=list_, provider=provider, ip="203.0.113.9", variant=variant
            )
            for campaign, list_, provider, variant in (
                (self.campaign, lists[0], "gmail", "a"),
                (self.campaign, lists[1], "yahoo", "b"),
                (other, lists[0], "gmail", ""),
                (other, None, "yahoo", ""),
            )
        ]

    def happen(self, at=NOW):
        """Let each message be sent, delivered and opened, an hour apart."""
        events = [
            EventFactory(
                event_type=event_type,
                organization_id=row.organization_id,
                campaign_id=row.campaign_id,
                recipient_id=row.pk,
                provider=row.provider,
                identity_id=row.campaign.identity_id,
                list_id=row.list_id,
                ip=row.ip,
                variant=row.variant,
                actor=Actor.HUMAN if event_type is EventType.OPENED else "",
                ts=at + timedelta(hours=13 * number + place),
            )
            for place, row in enumerate(self.rows)
            for number, event_type in enumerate(
                (EventType.SENT, EventType.DELIVERED, EventType.OPENED)
            )
        ]
        record_events(events)

    def figures(self):
        """Return all kinds of figures, as a page would show them."""
        asked = [({}, group_by) for group_by in GroupBy]
        asked += [({"provider": "gmail"}, group_by) for group_by in GroupBy]
        asked += [({"campaign": self.campaign.pk}, GroupBy.DAY), ({"list": 0}, GroupBy.LIST)]
        asked += [({"provider": "gmail", "stream": "marketing"}, GroupBy.DAY)]
        asked += [({"variant": "a"}, GroupBy.VARIANT), ({"ip": "203.0.113.8"}, GroupBy.DAY)]
        return [
            insights(
                self.campaign.organization_id, period=PERIOD, group_by=group_by, filters=filters
            )
            for filters, group_by in asked
        ]


@pytest.fixture
def world():
    world = World()
    world.happen()
    return world


def expected(world):
    """Return the figures as they are without any summary."""
    known = list(SummarizedOrganization.objects.all())
    SummarizedOrganization.objects.all().delete()
    figures = world.figures()
    SummarizedOrganization.objects.bulk_create(known)
    return figures


@pytest.mark.django_db
class TestSumUp:
    def test_changes_no_figure(self, world):
        before = world.figures()

        assert sum_up() > 0

        assert HourlySummary.objects.exists()
        assert not StaleHour.objects.exists()
        assert world.figures() == before

    def test_is_what_figures_are_taken_from(self, world):
        sum_up()
        HourlyCount.objects.all().delete()

        totals = world.figures()[0].totals

        assert (totals["sent"], totals["delivered"], totals["unique_opens"]) == (4, 4, 4)
        assert totals["open_rate"] == 1, "opens by those delivered with a pixel, or capped"

    def test_is_never_behind_what_was_counted(self, world):
        sum_up()
        world.happen(at=NOW + timedelta(minutes=5))
        world.happen(at=NOW - timedelta(days=1))

        assert StaleHour.objects.exists()
        assert world.figures() == expected(world)

        sum_up()

        assert world.figures() == expected(world)
        assert world.figures()[0].totals["sent"] == 12

    def test_follows_counts_that_were_made_anew(self, world):
        sum_up()
        HourlyCount.objects.update(sent=9)
        ids = sorted({row.campaign_id for row in world.rows})

        rebuild(ids)

        assert world.figures()[0].totals["sent"] == 4
        sum_up()
        assert world.figures()[0].totals["sent"] == 4

    def test_has_nothing_to_do_the_second_time(self, world):
        sum_up()

        assert sum_up() == 0

    def test_keeps_organizations_apart(self, world):
        other = World()
        other.happen()
        before = world.figures()

        sum_up()

        assert world.figures() == before
        assert other.figures()[0].totals["sent"] == 4

    def test_is_what_the_task_does(self, world):
        current_app.tasks["sending.tasks.sum_up_counts"]()

        assert HourlySummary.objects.filter(dimension="provider", key="gmail").exists()


@pytest.mark.django_db(transaction=True)
class TestSumUpAtOnce:
    def test_leaves_it_to_the_one_who_is_at_it(self, world):
        other = connections.create_connection("default")
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [SUMMARY_LOCK])
            assert sum_up() == 0
            assert StaleHour.objects.exists()
        finally:
            other.close()
        assert sum_up() > 0
