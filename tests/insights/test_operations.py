"""Recording events, and cutting the event table into months."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from insights.events import Actor, BounceClass, EventType, Source
from insights.models import DeliveryEvent
from insights.operations.partitions import make_partitions
from insights.operations.recording import COPY_FROM, record_events
from tests.factories.insights import EventFactory

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
SIZES = pytest.mark.parametrize("size", [1, COPY_FROM - 1, COPY_FROM, COPY_FROM * 2])


@pytest.mark.django_db
class TestRecordEvents:
    @SIZES
    def test_writes_every_field(self, size):
        event = EventFactory(
            event_type=EventType.BOUNCED,
            provider="gmail",
            stream="transactional",
            identity_id=5,
            list_id=6,
            ip="2001:db8::1",
            variant="b",
            smtp_code=550,
            enhanced_code="5.1.1",
            smtp_response='5.1.1 Nobody, "here"\n\\N\ttab ünïcode',
            bounce_class=BounceClass.HARD,
            actor=Actor.UNKNOWN,
            actor_reasons=("not classified", 'a "b", {c}'),
            url="https://shop.example.com/?a=1&b=%20#top",
            link_number=3,
            source=Source.TRACKING,
        )

        assert len(record_events([event, *EventFactory.build_batch(size - 1)])) == size

        stored = DeliveryEvent.objects.get(natural_key=event.natural_key)
        for name in event._fields:
            given = getattr(event, name)
            assert getattr(stored, name) == (list(given) if name == "actor_reasons" else given)

    @SIZES
    def test_writes_the_same_events_once(self, size):
        events = EventFactory.build_batch(size)

        assert len(record_events(events)) == size
        assert len(record_events([*events, EventFactory()])) == 1
        assert DeliveryEvent.objects.count() == size + 1

    @SIZES
    def test_writes_an_event_once_that_comes_twice_in_a_batch(self, size):
        events = EventFactory.build_batch(size)

        assert len(record_events([*events, *events])) == size

    def test_takes_the_same_key_at_another_time_for_another_event(self):
        first = EventFactory()
        second = EventFactory(natural_key=first.natural_key, ts=first.ts + timedelta(seconds=1))

        assert len(record_events([first, second])) == 2

    @SIZES
    def test_survives_answers_that_are_no_text(self, size):
        event = EventFactory(smtp_response="a\x00b \udcff", url="https://x.example/\x00")

        record_events([event, *EventFactory.build_batch(size - 1)])

        stored = DeliveryEvent.objects.get(natural_key=event.natural_key)
        assert stored.smtp_response == "a\ufffdb ?"

    def test_knows_nothing_to_do(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert len(record_events([])) == 0

    def test_goes_with_the_transaction_around_it(self):
        events = EventFactory.build_batch(COPY_FROM)

        with transaction.atomic():
            record_events(events)
            transaction.set_rollback(True)

        assert not DeliveryEvent.objects.exists()
        assert len(record_events(events)) == COPY_FROM


@pytest.mark.django_db(transaction=True)
class TestRecordEventsAtOnce:
    def test_counts_each_event_for_one_of_two_writers(self):
        events = EventFactory.build_batch(COPY_FROM * 4)

        def write(_):
            try:
                return len(record_events(events))
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            counts = list(pool.map(write, range(2)))

        assert sum(counts) == len(events)
        assert DeliveryEvent.objects.count() == len(events)

    def test_works_outside_a_transaction(self):
        assert len(record_events(EventFactory.build_batch(COPY_FROM))) == COPY_FROM
        assert len(record_events(EventFactory.build_batch(COPY_FROM))) == COPY_FROM


def partitions():
    """Return name and bounds of each monthly partition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c"
            " JOIN pg_inherits i ON i.inhrelid = c.oid"
            " WHERE i.inhparent = 'email_delivery_events'::regclass"
            " AND c.relname <> 'email_delivery_events_default' ORDER BY 1"
        )
        return dict(cursor.fetchall())


def rows_in(partition):
    """Return how many events one partition itself holds."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ONLY {partition}")
        return cursor.fetchone()[0]


@pytest.mark.django_db
class TestMakePartitions:
    def test_cuts_this_month_and_the_coming_ones_at_midnight_of_utc(self):
        made = make_partitions(now=NOW, months_ahead=2)

        assert made == [
            "email_delivery_events_2026_11",
            "email_delivery_events_2026_12",
            "email_delivery_events_2027_01",
        ]
        assert (
            partitions()["email_delivery_events_2026_12"]
            == "FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')"
        )

    def test_changes_nothing_when_run_again(self):
        make_partitions(now=NOW)
        before = partitions()

        assert make_partitions(now=NOW + timedelta(hours=5)) == []
        assert partitions() == before

    def test_leaves_no_gap_between_runs(self):
        make_partitions(now=NOW, months_ahead=0)
        make_partitions(now=NOW + timedelta(days=11), months_ahead=0)

        record_events([EventFactory(ts=datetime(2026, 12, 1, tzinfo=UTC))])

        assert rows_in("email_delivery_events_2026_12") == 1
        assert rows_in("email_delivery_events_default") == 0

    def test_moves_events_out_of_the_default_partition(self):
        events = [
            EventFactory(ts=datetime(2026, 8, 31, 23, 59, 59, 999999, tzinfo=UTC)),
            EventFactory(ts=datetime(2026, 11, 1, tzinfo=UTC)),
            EventFactory(ts=datetime(2028, 1, 1, tzinfo=UTC)),
            EventFactory(ts=datetime(1999, 1, 1, tzinfo=UTC)),
            EventFactory(ts=datetime(9999, 12, 31, tzinfo=UTC)),
        ]
        record_events(events)
        before = set(DeliveryEvent.objects.values_list("id", "natural_key"))

        make_partitions(now=NOW)

        assert set(DeliveryEvent.objects.values_list("id", "natural_key")) == before
        assert rows_in("email_delivery_events_2026_08") == 1
        assert rows_in("email_delivery_events_2026_11") == 1
        assert rows_in("email_delivery_events_2028_01") == 1
        assert rows_in("email_delivery_events_default") == 2, "what is too far away stays"

    def test_keeps_events_unique_and_numbered_in_a_partition(self):
        make_partitions(now=NOW)
        event = EventFactory(ts=NOW, natural_key=uuid.uuid4())

        assert len(record_events([event, EventFactory(ts=NOW)])) == 2
        assert len(record_events([event])) == 0
        assert len(set(DeliveryEvent.objects.values_list("id", flat=True))) == 2


@pytest.mark.django_db(transaction=True)
class TestMakePartitionsAtOnce:
    def test_makes_each_once_while_events_arrive(self):
        def make(_):
            try:
                return make_partitions(now=NOW)
            finally:
                connection.close()

        def write(number):
            try:
                return len(
                    record_events(EventFactory.build_batch(10, ts=NOW + timedelta(days=number)))
                )
            finally:
                connection.close()

        try:
            with ThreadPoolExecutor(4) as pool:
                written = pool.map(write, range(20))
                made = [name for names in pool.map(make, range(2)) for name in names]
                assert sum(written) == 200

            assert len(made) == len(set(made)) == 4
            assert DeliveryEvent.objects.count() == 200
            assert make_partitions(now=NOW) == []
        finally:
            self.remove_partitions()

    def remove_partitions(self):
        """Leave the table as other tests expect it: data definition is not rolled back here."""
        with connection.cursor() as cursor:
            for name in partitions():
                cursor.execute(f"DROP TABLE {name}")
