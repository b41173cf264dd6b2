"""Facts and counts follow from the set of events, whatever order and how often they come."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from campaigns.models import Recipient
from campaigns.states import RecipientState
from insights.events import Actor, BounceClass, DeliveryEvent, EventType, Source
from insights.metrics import COUNTERS
from insights.models import HourlyCount
from insights.operations.recording import record_events
from tests.factories.campaigns import CampaignFactory, RecipientFactory

BASE = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
HISTORY = st.lists(
    st.tuples(
        st.integers(0, 2),  # which recipient
        st.sampled_from(EventType),
        st.integers(0, 30),  # when, in steps of ten minutes
        st.sampled_from(BounceClass),
        st.sampled_from(Actor),
    ),
    max_size=25,
    unique=True,
)


def event(row: Recipient, event_type: EventType, step: int, bounce_class, actor) -> DeliveryEvent:
    """Return an event whose natural key follows from what it says."""
    engaged = event_type in (EventType.OPENED, EventType.CLICKED)
    bounced = event_type is EventType.BOUNCED
    said = f"{row.pk}:{event_type}:{step}:{bounce_class if bounced else ''}:{actor * engaged}"
    return DeliveryEvent(
        event_type=event_type,
        organization_id=row.organization_id,
        campaign_id=row.campaign_id,
        recipient_id=row.pk,
        ts=BASE + timedelta(minutes=10 * step),
        natural_key=uuid.uuid5(uuid.NAMESPACE_OID, said),
        source=Source.MAIL,
        identity_id=row.campaign.identity_id,
        bounce_class=bounce_class if bounced else "",
        actor=actor if engaged else "",
        smtp_response=f"response {step}" if bounced else "",
    )


def totals() -> dict[tuple[datetime, str], int]:
    """Return every counter that is not zero, by hour."""
    return {
        (row.hour, counter): getattr(row, counter)
        for row in HourlyCount.objects.all()
        for counter in COUNTERS
        if getattr(row, counter)
    }


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def expected(events: list[DeliveryEvent]) -> dict[tuple[datetime, str], int]:
    """Recount in plain Python."""
    counted: Counter[tuple[datetime, str]] = Counter()
    first: dict[tuple[int, str], tuple[datetime, str]] = {}
    plain = {EventType.SENT: "sent", EventType.DEFERRED: "deferred", EventType.FAILED: "failed"}
    once = {
        EventType.DELIVERED: "delivered",
        EventType.BOUNCED: "bounced",
        EventType.REPLIED: "replies",
        EventType.UNSUBSCRIBED: "unsubscribes",
        EventType.COMPLAINED: "complaints",
    }
    engaged = {EventType.OPENED: "opens", EventType.CLICKED: "clicks"}
    for one in {e.natural_key: e for e in events}.values():
        if one.event_type in plain:
            counted[hour_of(one.ts), plain[one.event_type]] += 1
            continue
        name = once.get(one.event_type, "")
        if one.event_type in engaged:
            human = one.actor == Actor.HUMAN
            name = engaged[one.event_type]
            counted[hour_of(one.ts), name if human else f"machine_{name}"] += 1
            if not human:
                continue
            name = f"unique_{name}"
        key = (one.recipient_id, name)
        first[key] = min(first.get(key, (one.ts, one.bounce_class)), (one.ts, one.bounce_class))
    for (recipient_id, name), (at, bounce_class) in first.items():
        if name == "delivered" and (recipient_id, "bounced") in first:
            continue
        counted[hour_of(at), name] += 1
        if name == "bounced":
            counted[hour_of(at), f"bounced_{bounce_class}"] += 1
    return dict(counted)


@pytest.mark.django_db
class TestRecordEvents:
    @hypothesis_settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(history=HISTORY, order=st.randoms(use_true_random=False))
    def test_counts_the_same_in_any_order_and_however_often(self, history, order):
        campaign = CampaignFactory()
        rows = RecipientFactory.create_batch(3, campaign=campaign, state=RecipientState.SENT)
        events = [event(rows[number], *rest) for number, *rest in history]
        places = [*range(len(events)), *range(0, len(events), 2)]
        shuffled = [events[place] for place in order.sample(places, len(places))]
        cut = len(shuffled) // 2

        for batch in (shuffled[:cut], shuffled[cut:], events):
            record_events(batch)

        assert totals() == expected(events)
        HourlyCount.objects.all().delete()

    def test_corrects_a_delivery_by_a_later_bounce(self):
        row = RecipientFactory(state=RecipientState.SENT)
        record_events([event(row, EventType.DELIVERED, 0, BounceClass.HARD, Actor.HUMAN)])

        record_events([event(row, EventType.BOUNCED, 12, BounceClass.HARD, Actor.HUMAN)])

        row.refresh_from_db()
        assert (row.state, row.bounce_class) == (RecipientState.BOUNCED, "hard")
        assert row.smtp_response == "response 12"
        assert totals() == {
            (hour_of(BASE + timedelta(hours=2)), "bounced"): 1,
            (hour_of(BASE + timedelta(hours=2)), "bounced_hard"): 1,
        }

    def test_settles_what_was_in_doubt(self):
        row = RecipientFactory(state=RecipientState.IN_DOUBT)

        record_events([event(row, EventType.DELIVERED, 0, BounceClass.HARD, Actor.HUMAN)])

        row.refresh_from_db()
        assert row.state == RecipientState.DELIVERED

    def test_leaves_the_state_of_a_claimed_row_to_its_worker(self):
        row = RecipientFactory(state=RecipientState.CLAIMED)

        record_events([event(row, EventType.DELIVERED, 0, BounceClass.HARD, Actor.HUMAN)])

        row.refresh_from_db()
        assert (row.state, row.delivered_at) == (RecipientState.CLAIMED, BASE)
