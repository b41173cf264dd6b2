"""Judged when it comes and revised later, everything ends as if all had been known at once."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from campaigns.models import Contact
from campaigns.states import RecipientState
from insights.actors import Context, DomainHistory, revise
from insights.events import Actor, DeliveryEvent, EventType, Source
from insights.models import DeliveryEvent as StoredEvent
from insights.models import DomainHistory as StoredHistory
from insights.models import HourlyCount
from insights.operations.recording import record_events
from insights.operations.revising import revise_due
from insights.queries import verdicts
from insights.queries.recount import compare
from insights.queries.verdicts import judged
from tests.factories.campaigns import CampaignLinkFactory, RecipientFactory
from tests.insights.operations.test_rollups import kept

pytestmark = pytest.mark.django_db

SENT_AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
DELIVERED_AT = SENT_AT + timedelta(seconds=3)
LINKS, HIDDEN = 3, 4
AGENTS = ("", "none", "apple-privacy", "firefox", "google-proxy", "scanner:curl")
HITS = st.lists(
    st.tuples(
        st.sampled_from([EventType.OPENED, EventType.CLICKED]),
        st.integers(-20, 900),  # tenths of a second after delivery
        st.sampled_from(AGENTS),
        st.sampled_from(["", "203.0.113.0/24", "198.51.100.0/24"]),
        st.sampled_from(["GET", "GET", "HEAD"]),
        st.integers(1, HIDDEN),
        st.booleans(),  # whether verdicts are looked at again once it has come
    ),
    min_size=1,
    max_size=9,
)


def message(sent_at=SENT_AT):
    """Return a message of three links and a hidden one, handed over and not delivered yet."""
    row = RecipientFactory(state=RecipientState.SENT, sent_at=sent_at, provider="gmail")
    for number in range(1, HIDDEN + 1):
        CampaignLinkFactory(campaign=row.campaign, number=number, hidden=number == HIDDEN)
    return row


def happened(row, event_type, at, **more):
    return DeliveryEvent(
        event_type=event_type,
        organization_id=row.organization_id,
        campaign_id=row.campaign_id,
        recipient_id=row.pk,
        ts=at,
        natural_key=uuid.uuid4(),
        source=Source.TRACKING,
        provider=row.provider,
        identity_id=row.campaign.identity_id,
        **more,
    )


def click(row, seconds, link=1, agent="firefox", **more):
    more = {"method": "GET", "network": "203.0.113.0/24", **more}
    at = DELIVERED_AT + timedelta(seconds=seconds)
    return happened(row, EventType.CLICKED, at, link_number=link, agent=agent, **more)


def delivered(row):
    return happened(row, EventType.DELIVERED, DELIVERED_AT)


def come_in(*events):
    """Judge and record events as they come, one by one."""
    for event in events:
        record_events(judged([event], now=event.ts))


def actors():
    found = StoredEvent.objects.exclude(actor="").order_by("ts", "link_number")
    return list(found.values_list("actor", flat=True))


def everything():
    """Return all that a revision can change."""
    events = StoredEvent.objects.order_by("natural_key").values_list(
        "natural_key", "actor", "actor_reasons", "actor_confidence", "seconds_after_delivery"
    )
    return list(events), kept(), list(Contact.objects.values_list("pk", "last_human_at"))


class TestReviseDue:
    @hypothesis_settings(
        max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(given_hits=HITS, delivery=st.none() | st.integers(0, 9), order=st.randoms())
    def test_ends_the_same_in_any_order_of_arrival(self, given_hits, delivery, order):
        sent_at = DELIVERED_AT - timedelta(minutes=5)  # so that much depends on the delivery
        row = message(sent_at)
        events = [
            happened(
                row, kind, DELIVERED_AT + timedelta(seconds=tenths / 10), agent=agent,
                network=network, method=method,
                link_number=link if kind == EventType.CLICKED else None,
            )
            for kind, tenths, agent, network, method, link, _ in given_hits
        ]  # fmt: skip
        looks = [one[-1] for one in given_hits]
        order.shuffle(events)
        arriving = [*events]
        if delivery is not None:
            arriving.insert(delivery, delivered(row))
        now = DELIVERED_AT + timedelta(minutes=5)
        for number, event in enumerate(arriving):
            record_events(judged([event], now=now))
            now += timedelta(minutes=7)
            if looks[number % len(looks)]:
                revise_due(now=now)

        revise_due(now=now + timedelta(days=4))

        expected = revise(
            map(verdicts.hit_of, events),
            Context(
                delivered_at=None if delivery is None else DELIVERED_AT,
                sent_at=sent_at,
                link_count=LINKS,
                hidden_link=HIDDEN,
            ),
        )
        stored = {one.natural_key: one for one in StoredEvent.objects.exclude(actor="")}
        row.refresh_from_db()
        assert {
            key: (one.actor, tuple(one.actor_reasons), one.actor_confidence)
            for key, one in stored.items()
        } == {key: (one.actor, one.reasons, one.confidence) for key, one in expected.items()}
        human = {
            kind: [
                one.ts for one in stored.values() if one.event_type == kind and one.actor == "human"
            ]
            for kind in (EventType.OPENED, EventType.CLICKED)
        }
        assert row.opened_at == min(human[EventType.OPENED], default=None)
        assert row.clicked_at == min(human[EventType.CLICKED], default=None)
        assert row.contact.last_human_at == max(
            [*human[EventType.OPENED], *human[EventType.CLICKED]], default=None
        )
        assert compare([row.campaign_id]) == []
        before = everything()
        assert revise_due(now=now + timedelta(days=8)) == 0
        assert everything() == before
        StoredEvent.objects.all().delete()
        HourlyCount.objects.all().delete()

    def test_leaves_alone_what_is_not_due(self):
        row = message()
        come_in(delivered(row), *(click(row, 300 + n / 10, link=n) for n in (1, 2, 3)))

        assert revise_due(now=DELIVERED_AT + timedelta(seconds=310)) == 0
        assert actors() == ["human", "unknown", "machine"]

    def test_looks_once_when_the_delivery_is_known(self):
        row = message()
        come_in(delivered(row), click(row, 300))

        revise_due(now=DELIVERED_AT + timedelta(minutes=7))

        assert StoredEvent.objects.get(event_type="clicked").revise_at is None

    def test_looks_again_while_the_delivery_is_not_known(self):
        row = message()
        come_in(click(row, 300))
        clicked_at = StoredEvent.objects.get().ts

        for wait, following in [
            (timedelta(minutes=2), timedelta(minutes=30)),
            (timedelta(minutes=31), timedelta(hours=6)),
            (timedelta(hours=7), timedelta(days=3)),
        ]:
            revise_due(now=clicked_at + wait)
            assert StoredEvent.objects.get().revise_at == clicked_at + following
        revise_due(now=clicked_at + timedelta(days=3))

        assert StoredEvent.objects.get().revise_at is None

    def test_uses_the_history_of_the_domain(self):
        row = message()
        come_in(delivered(row), click(row, 6))
        assert actors() == ["unknown"]
        StoredHistory.objects.create(
            organization=row.organization, domain="example.com", messages=100, fast_messages=60
        )

        revise_due(now=DELIVERED_AT + timedelta(minutes=2))

        assert actors() == ["machine"]
        assert "fast_domain" in StoredEvent.objects.get(event_type="clicked").actor_reasons
        assert verdicts.histories([row.pk]) == {row.pk: DomainHistory(100, 0.6)}

    def test_makes_a_contact_remembered_for_what_was_no_machine(self):
        row = message()
        come_in(click(row, 4, agent="google-proxy"))
        assert actors() == ["machine"], "too soon after it was handed over"
        record_events([delivered(row)._replace(ts=DELIVERED_AT - timedelta(minutes=10))])

        revise_due(now=DELIVERED_AT + timedelta(minutes=2))

        row.refresh_from_db()
        assert actors() == ["human"]
        assert row.contact.last_human_at == row.clicked_at == DELIVERED_AT + timedelta(seconds=4)
        assert compare([row.campaign_id]) == []

    def test_goes_back_to_the_last_action_before(self):
        row = message()
        other = RecipientFactory(
            campaign__organization=row.organization, contact=row.contact, state=RecipientState.SENT
        )
        come_in(delivered(other), click(other, 200), delivered(row))
        come_in(*(click(row, 400 + n / 10, link=n) for n in (1, 2, 3)))
        Contact.objects.update(last_human_at=DELIVERED_AT + timedelta(seconds=400.1))

        revise_due(now=DELIVERED_AT + timedelta(minutes=10))

        row.contact.refresh_from_db()
        assert row.contact.last_human_at == DELIVERED_AT + timedelta(seconds=200)

    def test_goes_back_to_what_the_ledger_knew_before_there_were_events(self):
        row = message()
        row.engagement_days = 12
        row.save()
        row.campaign.prepared_at = SENT_AT
        row.campaign.save()
        come_in(delivered(row), *(click(row, 400 + n / 10, link=n) for n in (1, 2, 3)))
        Contact.objects.update(last_human_at=DELIVERED_AT + timedelta(seconds=400.1))

        revise_due(now=DELIVERED_AT + timedelta(minutes=10))

        row.contact.refresh_from_db()
        assert row.contact.last_human_at == SENT_AT - timedelta(days=12)

    def test_keeps_a_fact_whose_event_was_dropped_with_its_month(self):
        row = message()
        long_ago = DELIVERED_AT - timedelta(days=100)
        row.opened_at = row.clicked_at = long_ago
        row.save()
        come_in(delivered(row), *(click(row, 400 + n / 10, link=n) for n in (1, 2, 3)))

        revise_due(now=DELIVERED_AT + timedelta(minutes=10))

        row.refresh_from_db()
        assert actors() == ["machine"] * 3
        assert (row.opened_at, row.clicked_at) == (long_ago, long_ago)

    def test_does_not_judge_what_was_judged_before_evidence_was_kept(self):
        row = message()
        old = click(row, 300, agent="")._replace(actor=Actor.MACHINE, actor_reasons=("prefetch",))
        record_events([old])
        come_in(delivered(row), click(row, 900))

        revise_due(now=DELIVERED_AT + timedelta(minutes=20))

        assert actors() == ["machine", "human"]

    def test_lets_go_of_messages_that_are_gone(self):
        row = message()
        come_in(click(row, 300))
        row.delete()

        revise_due(now=DELIVERED_AT + timedelta(minutes=20))

        assert StoredEvent.objects.get().revise_at is None

    def test_bears_a_flood(self, monkeypatch):
        monkeypatch.setattr("insights.operations.revising.NEWEST_HITS", 10)
        monkeypatch.setattr("insights.operations.revising.BATCH_HITS", 7)
        row = message()
        record_events(judged([click(row, 300 + n / 10) for n in range(25)], now=DELIVERED_AT))

        revise_due(now=DELIVERED_AT + timedelta(days=9))

        assert not StoredEvent.objects.filter(revise_at__isnull=False).exists()
        assert compare([row.campaign_id]) == []

    def test_asks_the_database_as_often_for_many_as_for_one(self, django_assert_max_num_queries):
        rows = [message() for _ in range(5)]
        for row in rows:
            come_in(delivered(row), *(click(row, 300 + n / 10, link=n) for n in (1, 2, 3)))

        with django_assert_max_num_queries(17):
            assert revise_due(now=DELIVERED_AT + timedelta(minutes=10)) == 10


@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_two_who_revise_and_one_who_records_end_with_the_same_figures(self):
        row = message()
        come_in(delivered(row))
        clicks = [click(row, 300 + 40 * n + m / 2, link=m) for n in range(8) for m in (1, 2, 3)]
        lone = [click(row, 2000 + 60 * n, link=1) for n in range(8)]

        def in_a_thread(work):
            try:
                work()
            finally:
                connection.close()

        def record():
            for event in sorted([*clicks, *lone], key=lambda event: event.natural_key):
                come_in(event)

        def revise_often():
            for _ in range(12):
                revise_due(now=DELIVERED_AT + timedelta(hours=2))

        with ThreadPoolExecutor(3) as threads:
            work = [record, revise_often, revise_often]
            for done in [threads.submit(in_a_thread, one) for one in work]:
                done.result(timeout=60)
        revise_due(now=DELIVERED_AT + timedelta(hours=2))

        row.refresh_from_db()
        assert actors() == ["machine"] * len(clicks) + ["human"] * len(lone)
        assert row.clicked_at == lone[0].ts
        assert row.contact.last_human_at == lone[-1].ts
        assert compare([row.campaign_id]) == []


class TestJudged:
    def test_leaves_other_events_as_they_are(self, django_assert_num_queries):
        event = delivered(message())

        with django_assert_num_queries(0):
            assert judged([event], now=DELIVERED_AT) == [event]

    def test_judges_a_batch_as_a_whole(self, django_assert_num_queries):
        row, other = message(), message()
        come_in(delivered(row), delivered(other))
        burst = [click(row, 300 + n / 10, link=n) for n in (1, 2, 3)]

        with django_assert_num_queries(2):
            found = judged([*burst, click(other, 300)], now=DELIVERED_AT)

        assert [event.actor for event in found] == ["machine", "machine", "machine", "human"]

    def test_takes_the_word_of_a_provider(self):
        event = click(message(), 300)._replace(actor_reasons=("claimed_machine",))

        [found] = judged([event], now=DELIVERED_AT)

        assert found.actor == Actor.MACHINE
        assert found.actor_reasons[0] == "claimed_machine"

    def test_knows_nothing_of_a_message_that_is_gone(self):
        row = message()
        event = click(row, 300)
        row.delete()

        [found] = judged([event], now=DELIVERED_AT)

        assert found.actor == Actor.HUMAN
        assert found.seconds_after_delivery is None
