"""From hits that were noted to events: judged together, counted once, kept until they are."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.db import connections, transaction

from campaigns.models import Contact
from insights.events import EventType
from insights.models import DeliveryEvent, HourlyCount, TrackingHit
from insights.operations.hits import BATCH_HITS, PAUSE, TAKING_LOCK, Visitor, note, take
from insights.queries.recount import compare
from sending.operations.tracking import record_hits
from tests.factories.campaigns import RecipientFactory

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
BROWSER = Visitor("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0", "198.51.100.77")


@pytest.fixture
def recipient():
    return RecipientFactory(sent_at=NOW - timedelta(hours=3), delivered_at=NOW - timedelta(hours=3))


def opened(recipient, at=NOW, visitor=BROWSER):
    note(EventType.OPENED, recipient_id=recipient.pk, visitor=visitor, now=at)


def clicked(recipient, number, at=NOW):
    note(
        EventType.CLICKED,
        recipient_id=recipient.pk,
        visitor=BROWSER,
        url=f"https://a.example/{number}",
        link_number=number,
        now=at,
    )


@pytest.mark.django_db
class TestRecordHits:
    def test_makes_an_event_of_each_once(self, recipient):
        opened(recipient)
        clicked(recipient, 2, at=NOW + timedelta(minutes=1))

        done = [record_hits(now=NOW + timedelta(minutes=n)) for n in (2, 3)]

        assert done == [2, 0]
        assert not TrackingHit.objects.exists()
        found = DeliveryEvent.objects.order_by("ts").values_list(
            "event_type", "ts", "actor", "url", "link_number"
        )
        assert list(found) == [
            ("opened", NOW, "human", "", None),
            ("clicked", NOW + timedelta(minutes=1), "human", "https://a.example/2", 2),
        ]
        assert compare([recipient.campaign_id]) == []

    def test_counts_all_in_the_hour_of_the_hit(self, recipient):
        opened(recipient, at=NOW - timedelta(minutes=1))

        record_hits(now=NOW + timedelta(hours=5))

        counts = HourlyCount.objects.get()
        assert (counts.hour, counts.opens) == (NOW - timedelta(hours=1), 1)

    def test_judges_the_hits_of_a_message_together(self, recipient):
        for number in (1, 2, 3):
            clicked(recipient, number, at=NOW + timedelta(milliseconds=300 * number))

        record_hits(now=NOW + timedelta(seconds=2))

        reasons = DeliveryEvent.objects.values_list("actor", "actor_reasons")
        assert {actor for actor, _ in reasons} == {"machine"}
        assert all("many_links_at_once" in why for _, why in reasons)

    def test_looks_at_hits_that_were_recorded_before(self, recipient):
        for number in (1, 2):
            clicked(recipient, number, at=NOW + timedelta(milliseconds=300 * number))
        record_hits(now=NOW + timedelta(seconds=1))
        clicked(recipient, 3, at=NOW + timedelta(milliseconds=900))

        record_hits(now=NOW + timedelta(seconds=2))

        assert DeliveryEvent.objects.get(link_number=3).actor == "machine"

    def test_remembers_the_latest_act_of_a_person(self, recipient):
        for minutes in (5, 20, 10):
            opened(recipient, at=NOW + timedelta(minutes=minutes))
        record_hits(now=NOW + timedelta(hours=1))
        opened(recipient, at=NOW)

        record_hits(now=NOW + timedelta(hours=1))

        contact = Contact.objects.get(pk=recipient.contact_id)
        assert contact.last_human_at == NOW + timedelta(minutes=20)

    def test_keeps_the_network_of_the_visitor_alone(self, recipient):
        opened(recipient)

        assert TrackingHit.objects.get().network == "198.51.100.0/24"

    def test_drops_hits_of_a_deleted_message(self, recipient, caplog):
        opened(recipient)
        recipient.delete()

        assert record_hits(now=NOW) == 1

        assert not TrackingHit.objects.exists()
        assert not DeliveryEvent.objects.exists()
        assert "deleted" in caplog.text

    def test_works_through_many_batches(self, recipient):
        TrackingHit.objects.bulk_create(
            TrackingHit(recipient_id=recipient.pk, event_type="opened", at=NOW, due_at=NOW)
            for _ in range(BATCH_HITS + 1)
        )

        assert record_hits(now=NOW) == BATCH_HITS + 1

        assert DeliveryEvent.objects.count() == BATCH_HITS + 1

    def test_keeps_what_cannot_be_recorded_and_records_the_rest(self, recipient, caplog):
        odd = RecipientFactory()
        opened(odd)
        opened(recipient)
        TrackingHit.objects.filter(recipient_id=odd.pk).update(event_type="danced")

        record_hits(now=NOW)

        assert DeliveryEvent.objects.get().recipient_id == recipient.pk
        left = TrackingHit.objects.get()
        assert (left.recipient_id, left.due_at) == (odd.pk, NOW + PAUSE)
        assert "danced" in left.problem

        TrackingHit.objects.update(event_type="opened")
        record_hits(now=NOW + PAUSE)

        assert DeliveryEvent.objects.count() == 2
        assert not TrackingHit.objects.exists()

    def test_is_what_the_task_does(self, recipient):
        opened(recipient, at=datetime.now(UTC))

        current_app.tasks["sending.tasks.record_hits"]()

        assert DeliveryEvent.objects.get().recipient_id == recipient.pk


@pytest.mark.django_db(transaction=True)
class TestTake:
    def test_leaves_everything_to_the_one_who_takes_already(self, recipient):
        opened(recipient)
        other = connections.create_connection("default")
        with transaction.atomic(), other.cursor() as cursor:
            taken = take(now=NOW)
            other.set_autocommit(autocommit=False)
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TAKING_LOCK])
            may_take_too = cursor.fetchone()[0]
            other.rollback()
        other.close()

        assert [hit.recipient_id for hit in taken] == [recipient.pk]
        assert may_take_too is False

    def test_gives_back_what_was_not_recorded(self, recipient):
        opened(recipient)

        with transaction.atomic():
            assert len(take(now=NOW)) == 1
            transaction.set_rollback(True)

        assert TrackingHit.objects.count() == 1
