"""What time does to a warm-up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from insights.models import HourlyCount
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from tests.factories.warmup import WarmupFactory
from tests.warmup.parallel import at_once
from warmup.models import DailyAllowance, WarmupSchedule
from warmup.operations.progress import advance, advance_due
from warmup.operations.schedules import start_warmup
from warmup.progress import Status

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def use(schedule: WarmupSchedule, number: int) -> None:
    DailyAllowance.objects.filter(schedule=schedule, date=schedule.on_date).update(used=number)


def count(schedule: WarmupSchedule, at: datetime, **counters: int) -> None:
    HourlyCount.objects.create(
        organization_id=schedule.organization_id,
        campaign_id=1,
        provider="gmail",
        identity_id=0,
        list_id=0,
        ip=schedule.ip.address,
        stream="marketing",
        hour=at.replace(minute=0),
        **counters,
    )


@pytest.mark.django_db
class TestAdvance:
    def test_begins_what_was_scheduled_when_its_time_has_come(self):
        schedule = WarmupFactory(started_at=NOON + DAY)

        early = advance(schedule.pk, now=NOON)
        due = advance(schedule.pk, now=NOON + DAY)

        assert (early.status, early.daily_limit) == (Status.SCHEDULED, None)
        assert (due.status, due.current_day, due.daily_limit) == (Status.ACTIVE, 1, 50)

    def test_counts_a_day_after_anything_was_sent(self):
        schedule = advance(WarmupFactory().pk, now=NOON)
        use(schedule, 50)

        limits = []
        for _ in range(3):
            schedule = advance(schedule.pk, now=NOON + DAY)
            limits.append((schedule.current_day, schedule.daily_limit))

        assert limits == [(2, 50)] * 3
        assert DailyAllowance.objects.count() == 2

    def test_ends_after_the_last_day(self):
        schedule = advance(WarmupFactory(current_day=28).pk, now=NOON)
        use(schedule, 1)

        ended = advance(schedule.pk, now=NOON + DAY)

        assert (ended.status, ended.daily_limit) == (Status.COMPLETED, None)
        assert advance(schedule.pk, now=NOON + 2 * DAY) is None

    @pytest.mark.parametrize(
        ("zone", "moments"),
        [
            # Local midnights: the clocks go forward, back, and the year ends.
            ("Europe/Berlin", ["2026-03-28T22:59", "2026-03-28T23:00", "2026-03-29T22:00"]),
            ("Europe/Berlin", ["2026-10-24T21:59", "2026-10-24T22:00", "2026-10-25T23:00"]),
            ("America/New_York", ["2026-12-31T04:59", "2026-12-31T05:00", "2027-01-01T05:00"]),
            ("Asia/Kathmandu", ["2026-11-23T18:14", "2026-11-23T18:15", "2026-11-24T18:15"]),
        ],
    )
    def test_changes_the_day_at_local_midnight(self, zone, moments):
        ip = SendingIPFactory(organization=OrganizationFactory(timezone=zone))
        schedule = WarmupFactory(ip=ip)
        days = []
        for moment in moments:
            at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
            schedule = advance(schedule.pk, now=at)
            use(schedule, 1)
            days.append(schedule.current_day)

        assert days == [1, 2, 3]

    def test_after_three_days_of_downtime_counts_one_day(self):
        schedule = advance(WarmupFactory().pk, now=NOON)
        use(schedule, 50)

        assert advance(schedule.pk, now=NOON + 3 * DAY).current_day == 2


@pytest.mark.django_db
class TestHealth:
    def test_stops_an_ip_for_the_rest_of_the_day_and_names_the_figures(self):
        schedule = advance(WarmupFactory(current_day=5).pk, now=NOON)
        use(schedule, 400)
        count(schedule, NOON, sent=400, delivered=380, bounced=20)

        stopped = advance(schedule.pk, now=NOON + timedelta(minutes=1))

        assert stopped.status == Status.PAUSED
        assert "5.00% (20 of 400)" in stopped.paused_reason

    def test_goes_on_the_next_day_with_the_same_volume(self):
        schedule = advance(WarmupFactory(current_day=5).pk, now=NOON)
        use(schedule, 400)
        count(schedule, NOON, sent=400, delivered=380, bounced=20)
        advance(schedule.pk, now=NOON)

        resumed = advance(schedule.pk, now=NOON + timedelta(hours=12))

        assert (resumed.status, resumed.current_day, resumed.daily_limit) == ("active", 5, 500)
        assert resumed.paused_reason == ""

    def test_looks_at_this_ip_and_at_a_day_alone(self):
        schedule = advance(WarmupFactory(current_day=5).pk, now=NOON)
        other = advance(WarmupFactory(current_day=5).pk, now=NOON)
        count(other, NOON, sent=400, bounced=100)
        count(schedule, NOON - timedelta(hours=30), sent=400, bounced=100)

        assert advance(schedule.pk, now=NOON).status == Status.ACTIVE
        assert advance(other.pk, now=NOON).status == Status.PAUSED


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_count_a_day_once(self):
        schedule = start_warmup(SendingIPFactory(), now=NOON)
        use(schedule, 50)

        at_once(lambda: advance_due(now=NOON + DAY), times=6)

        schedule.refresh_from_db()
        assert schedule.current_day == 2
        assert sorted(DailyAllowance.objects.values_list("date", flat=True)) == [
            date(2026, 11, 23),
            date(2026, 11, 24),
        ]
