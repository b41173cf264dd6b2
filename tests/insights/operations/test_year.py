"""A year of events: room is made, old months go, counts stay and can still be made anew."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F, Sum

from campaigns.models import Recipient
from campaigns.states import RecipientState
from insights.events import Actor, EventType, Source
from insights.metrics import COUNTERS
from insights.models import DeliveryEvent, DroppedMonth, HourlyCount, RawPayload
from insights.operations.inbox import replay, store
from insights.operations.partitions import drop_months, make_partitions
from insights.operations.recording import record_events
from insights.operations.rollups import rebuild
from insights.partitions import Month
from insights.queries.keeping import kept_since
from insights.queries.recount import compare
from sending.pipeline.inbox import read_inbox
from tests.factories.campaigns import OrganizationFactory
from tests.factories.insights import EventFactory
from tests.sending.reporting import batch, sent_row, stalwart_event

pytestmark = pytest.mark.django_db
MONTHS_KEPT = 3
YEAR = 2031
TENTH = timedelta(days=9, hours=12)  # into a month


def partitions():
    """Return the months that have a partition, as "2031_01"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relid::regclass::text FROM pg_partition_tree('email_delivery_events')"
            " WHERE isleaf AND relid <> 'email_delivery_events_default'::regclass ORDER BY 1"
        )
        return [name.removeprefix("email_delivery_events_") for (name,) in cursor.fetchall()]


def in_default():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM email_delivery_events_default")
        return cursor.fetchone()[0]


def happened(row, event_type, at, **facts):
    event = EventFactory(
        event_type=event_type,
        organization_id=row.organization_id,
        campaign_id=row.campaign_id,
        recipient_id=row.pk,
        provider=row.provider,
        identity_id=row.campaign.identity_id,
        list_id=row.list_id,
        stream=row.campaign.stream,
        ts=at,
        **facts,
    )
    record_events([event])


def counts():
    """Return every row of the counts that says something, without its number."""
    names = ("hour", "campaign_id", "provider", *COUNTERS)
    return sorted(row for row in HourlyCount.objects.values_list(*names) if any(row[3:]))


def put_off(row, at):
    """Put a report into the inbox that the message was put off, have it read, and return it."""
    event = stalwart_event(row, at=at, code=451, details="4.2.0 Try again later")
    payload = store(
        row.organization_id,
        source=Source.STALWART,
        body=batch(event),
        now=at + timedelta(minutes=1),
    )
    read_inbox(now=at + timedelta(minutes=1))
    return payload


class Year:
    """Twelve months with a message each, which is sent, put off, delivered and opened."""

    def __init__(self, organization):
        self.organization = organization
        self.rows = []
        self.payloads = []
        self.now = None

    def live_through(self, number):
        month = Month(YEAR, number)
        self.now = month.begin + TENTH
        make_partitions(now=self.now)
        drop_months(now=self.now, months_kept=MONTHS_KEPT)
        row = sent_row(self.organization, f"person{number}@mail.example", provider="gmail")
        self.rows.append(row)
        happened(row, EventType.SENT, self.now)
        self.payloads.append(put_off(row, self.now + timedelta(minutes=5)))
        happened(row, EventType.DELIVERED, self.now + timedelta(minutes=20))
        happened(row, EventType.OPENED, self.now + timedelta(days=1), actor=Actor.HUMAN)
        if len(self.rows) > 1:  # whoever got the message of last month looks once more
            before = self.rows[-2]
            happened(before, EventType.OPENED, self.now + timedelta(hours=1), actor=Actor.HUMAN)


@pytest.fixture
def year():
    year = Year(OrganizationFactory())
    for number in range(1, 13):
        year.live_through(number)
    return year


class TestYear:
    def test_has_room_ahead_and_drops_whole_months_behind(self, year):
        assert partitions() == [
            *("2031_09", "2031_10", "2031_11", "2031_12"),
            *("2032_01", "2032_02", "2032_03"),
        ]
        assert in_default() == 0
        assert DroppedMonth.objects.count() == 8
        assert kept_since() == datetime(YEAR, 9, 1, tzinfo=UTC)
        assert DeliveryEvent.objects.order_by("ts").first().ts == year.now.replace(month=9)
        assert DroppedMonth.objects.aggregate(all=Sum("events"))["all"] == 4 * 8 + 7

    def test_keeps_the_counts_of_all_months(self, year):
        totals = HourlyCount.objects.aggregate(
            *(Sum(name) for name in ("sent", "deferred", "delivered", "opens", "unique_opens"))
        )

        assert list(totals.values()) == [12, 12, 12, 23, 12]

    def test_counts_that_are_right_stay_so_when_made_anew(self, year):
        before = counts()
        ids = [row.campaign_id for row in year.rows]

        assert compare(ids) == []
        rebuild(ids)

        assert counts() == before

    def test_counts_that_are_wrong_are_mended_where_there_are_events(self, year):
        before = counts()
        ids = [row.campaign_id for row in year.rows]
        HourlyCount.objects.filter(hour__gte=kept_since()).update(opens=F("opens") + 5)

        found = compare(ids)
        rebuild(ids)

        assert {one.counter for one in found} == {"opens"}
        assert counts() == before
        assert compare(ids) == []

    def test_hours_without_events_are_left_as_they_are(self, year):
        HourlyCount.objects.filter(hour__lt=kept_since()).update(sent=7)
        before = counts()

        out = io.StringIO()
        call_command("rebuild_rollups", stdout=out)

        assert "their events are no longer kept" in out.getvalue()
        assert counts() == before

    def test_replaying_what_is_kept_changes_nothing(self, year):
        before = counts()
        recent = year.payloads[-2:]

        replay(RawPayload.objects.filter(pk__in=[one.pk for one in recent]), now=year.now)
        read_inbox(now=year.now)

        assert counts() == before
        assert {one.status for one in RawPayload.objects.all()} == {"read"}

    def test_replaying_what_is_no_longer_kept_is_refused_in_the_inbox(self, year):
        before = counts()
        old = year.payloads[1]

        replay(RawPayload.objects.filter(pk=old.pk), now=year.now)
        read_inbox(now=year.now)

        old.refresh_from_db()
        assert old.status == "unreadable"
        assert "deferred on 2031-02-10" in old.problem
        assert "before 2031-09-01 are no longer kept" in old.problem
        assert counts() == before
        assert in_default() == 0

    def test_a_bounce_today_corrects_a_delivery_whose_events_are_gone(self, year):
        row = year.rows[0]
        happened(row, EventType.BOUNCED, year.now, bounce_class="hard")
        before = counts()

        assert HourlyCount.objects.aggregate(all=Sum("delivered"))["all"] == 11
        assert Recipient.objects.get(pk=row.pk).state == RecipientState.BOUNCED
        assert compare([row.campaign_id]) == []
        rebuild([row.campaign_id])
        assert counts() == before


class TestDropMonths:
    def test_can_be_switched_off(self):
        make_partitions(now=datetime(YEAR, 1, 1, tzinfo=UTC))

        assert drop_months(now=datetime(YEAR + 9, 1, 1, tzinfo=UTC), months_kept=0) == []

        assert "2031_01" in partitions()

    def test_takes_away_what_lies_outside_of_all_partitions_too(self):
        old = datetime(1999, 5, 5, tzinfo=UTC)
        record_events([EventFactory(ts=old), EventFactory(ts=datetime(YEAR, 5, 5, tzinfo=UTC))])

        dropped = drop_months(now=datetime(YEAR, 6, 1, tzinfo=UTC), months_kept=1)

        assert dropped == [Month(1999, 5)]
        assert DeliveryEvent.objects.count() == 1
        assert kept_since() == datetime(1999, 6, 1, tzinfo=UTC)

    def test_makes_no_room_for_a_month_that_was_dropped(self):
        now = datetime(YEAR, 6, 1, tzinfo=UTC)
        make_partitions(now=datetime(YEAR, 1, 1, tzinfo=UTC))
        drop_months(now=now, months_kept=1)
        record_events([EventFactory(ts=datetime(YEAR, 2, 2, tzinfo=UTC))])

        make_partitions(now=now)

        assert "2031_02" not in partitions()
        drop_months(now=now, months_kept=1)
        assert in_default() == 0

    def test_run_again_changes_nothing(self, year):
        assert drop_months(now=year.now, months_kept=MONTHS_KEPT) == []
