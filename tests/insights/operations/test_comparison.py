"""The nightly comparison of counts with events."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.core.management import call_command
from django.db.models import F

from insights.events import EventType
from insights.models import CountCheck, HourlyCount
from insights.operations.comparison import EXAMPLES, compare_recent
from insights.operations.recording import record_events
from tests.factories.campaigns import RecipientFactory
from tests.factories.insights import EventFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 15, 2, 15, tzinfo=UTC)


def sent(at, **given):
    """Record that a message of a new organization was sent, and return its ledger row."""
    row = RecipientFactory(**given)
    event = EventFactory(
        event_type=EventType.SENT,
        organization_id=row.organization_id,
        campaign_id=row.campaign_id,
        recipient_id=row.pk,
        provider=row.provider,
        identity_id=row.campaign.identity_id,
        ts=at,
    )
    record_events([event])
    return row


class TestCompareRecent:
    def test_finds_nothing_where_all_is_right(self):
        row = sent(NOW - timedelta(hours=9))

        assert compare_recent(now=NOW) == 0

        check = CountCheck.objects.get()
        assert (check.organization, check.differences) == (row.campaign.organization, 0)
        assert (check.compared_at, check.since) == (NOW, datetime(2026, 6, 12, 2, tzinfo=UTC))

    def test_says_what_differs_to_the_organization_it_belongs_to(self, caplog):
        right, wrong = (sent(NOW - timedelta(hours=9), provider="gmail") for _ in range(2))
        HourlyCount.objects.filter(campaign_id=wrong.campaign_id).update(sent=5)

        assert compare_recent(now=NOW) == 1

        found = dict(CountCheck.objects.values_list("organization", "differences"))
        assert found == {right.organization_id: 0, wrong.organization_id: 1}
        text = (
            f"campaign {wrong.campaign_id}, 2026-06-14 17:00 UTC, gmail: sent is 5, "
            "the events say 1"
        )
        assert CountCheck.objects.get(differences=1).examples == [text]
        assert text in caplog.text

    def test_looks_at_the_last_days_alone(self):
        sent(NOW - timedelta(days=5))
        HourlyCount.objects.update(sent=F("sent") + 5)

        assert compare_recent(now=NOW) == 0

    def test_names_some_of_many_differences(self):
        row = sent(NOW - timedelta(hours=50))
        for hours in range(1, 2 * EXAMPLES):
            HourlyCount.objects.create(
                hour=datetime(2026, 6, 14, hours, tzinfo=UTC),
                organization_id=row.organization_id,
                campaign_id=row.campaign_id,
                identity_id=0,
                list_id=0,
                sent=1,
            )

        compare_recent(now=NOW)

        check = CountCheck.objects.get()
        assert (check.differences, len(check.examples)) == (2 * EXAMPLES - 1, EXAMPLES)

    def test_is_content_again_once_the_counts_were_made_anew(self):
        row = sent(datetime.now(UTC))
        HourlyCount.objects.update(sent=5)
        current_app.tasks["sending.tasks.compare_counts"]()
        assert CountCheck.objects.get().differences == 1

        call_command("rebuild_rollups", "--org", row.campaign.organization.slug)

        assert list(CountCheck.objects.order_by("pk").values_list("differences")) == [(1,), (0,)]
