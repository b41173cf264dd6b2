"""Reads of messages and their events."""

from datetime import UTC, datetime, timedelta

import pytest

from insights.events import EventType, Source
from insights.operations.recording import record_events
from insights.queries.messages import (
    counts_by_type,
    events_of,
    handed_over_since,
    message,
)
from tests.factories.campaigns import RecipientFactory
from tests.factories.insights import EventFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


class TestMessage:
    def test_holds_what_events_need(self, django_assert_num_queries):
        recipient = RecipientFactory(ip="203.0.113.9", variant="a", provider="gmail")
        identity_id = recipient.campaign.identity_id

        with django_assert_num_queries(1):
            found = message(recipient.pk)

        event = found.event(
            EventType.REPLIED,
            source=Source.TRACKING,
            ts=NOW,
            natural_key=EventFactory().natural_key,
        )
        assert (event.recipient_id, event.campaign_id) == (recipient.pk, recipient.campaign_id)
        assert event.organization_id == recipient.organization_id
        assert (event.identity_id, event.list_id) == (identity_id, None)
        assert (event.ip, event.variant, event.provider) == ("203.0.113.9", "a", "gmail")
        assert (event.ts, event.stream) == (NOW, "marketing")
        assert found.email == recipient.email
        assert found.contact_id == recipient.contact_id

    def test_is_none_without_a_row(self):
        assert message(12345) is None


class TestEventsOf:
    def test_come_oldest_first(self):
        later = EventFactory(recipient_id=5, ts=NOW, event_type=EventType.OPENED)
        first = EventFactory(recipient_id=5, ts=NOW - timedelta(hours=1))
        record_events([later, first, EventFactory(recipient_id=6)])

        assert [event.event_type for event in events_of(5)] == ["sent", "opened"]


class TestCountsByType:
    def test_counts_one_campaign_with_zeros(self):
        record_events(
            [
                *EventFactory.build_batch(3, campaign_id=7),
                EventFactory(campaign_id=7, event_type=EventType.CLICKED),
                EventFactory(campaign_id=8),
            ]
        )

        counts = counts_by_type(7)

        assert set(counts) == set(EventType)
        assert (counts[EventType.SENT], counts[EventType.CLICKED]) == (3, 1)
        assert sum(counts.values()) == 4


class TestHandedOverSince:
    def test_counts_answers_of_our_own_dialogue(self):
        record_events(
            [
                EventFactory(campaign_id=7, ts=NOW),
                EventFactory(campaign_id=7, ts=NOW, event_type=EventType.BOUNCED),
                EventFactory(campaign_id=7, ts=NOW - timedelta(seconds=1)),
                EventFactory(campaign_id=7, ts=NOW, event_type=EventType.DEFERRED),
                EventFactory(campaign_id=7, ts=NOW, source=Source.SYSTEM),
                EventFactory(campaign_id=8, ts=NOW),
            ]
        )

        assert handed_over_since(7, since=NOW) == 2
