"""Local days of every zone, and what happens around midnight."""

from __future__ import annotations

import uuid
import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.models import Organization
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from tests.factories.warmup import WarmupFactory
from tests.warmup.parallel import at_once
from warmup.models import DailyAllowance, Reservation
from warmup.operations.progress import advance, advance_due
from warmup.operations.reservations import reserve, settle
from warmup.operations.schedules import pause_warmup, resume_warmup, start_warmup
from warmup.progress import Status
from warmup.queries import local_date, midnight_after, rooms

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
ZONES = sorted(zoneinfo.available_timezones())


class TestMidnightAfter:
    @settings(max_examples=100)
    @given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2037, 12, 30)))
    def test_is_the_first_moment_that_is_no_longer_the_day(self, zone, day):
        organization = Organization(timezone=zone)

        midnight = midnight_after(day, organization)

        assert local_date(organization, midnight) > day
        assert local_date(organization, midnight - timedelta(microseconds=1)) <= day

    @pytest.mark.parametrize(
        ("zone", "day", "midnight"),
        [
            ("America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00"),  # there is no 00:00
            ("America/Sao_Paulo", "2018-02-17", "2018-02-18T03:00"),  # 23:00 comes twice
            ("Africa/Cairo", "2026-04-23", "2026-04-23T22:00"),
            ("Africa/Cairo", "2026-10-29", "2026-10-29T22:00"),
            ("Asia/Beirut", "2026-03-28", "2026-03-28T22:00"),
            ("America/Havana", "2026-10-31", "2026-11-01T04:00"),  # 00:00 comes twice
            ("Pacific/Kiritimati", "2026-12-31", "2026-12-31T10:00"),
            ("Pacific/Pago_Pago", "2026-12-31", "2027-01-01T11:00"),
            ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00"),  # there is no 30th
            ("UTC", "2028-02-28", "2028-02-29T00:00"),
        ],
    )
    def test_is_right_where_clocks_change_at_midnight(self, zone, day, midnight):
        found = midnight_after(date.fromisoformat(day), Organization(timezone=zone))

        assert found == datetime.fromisoformat(midnight).replace(tzinfo=UTC)


def warming_in(zone: str, *, day: int = 1, now: datetime = NOON):
    """Return a warm-up in a zone that stands on a day of the schedule."""
    ip = SendingIPFactory(organization=OrganizationFactory(timezone=zone))
    return advance(WarmupFactory(ip=ip, current_day=day, started_at=now).pk, now=now)


@pytest.mark.django_db
class TestADay:
    @pytest.mark.parametrize(
        ("zone", "noon"),
        [
            ("America/Sao_Paulo", "2018-11-03T15:00"),
            ("America/Sao_Paulo", "2018-02-17T15:00"),
            ("Africa/Cairo", "2026-04-23T10:00"),
            ("Africa/Cairo", "2026-10-29T10:00"),
            ("America/Havana", "2026-10-31T16:00"),
            ("Pacific/Kiritimati", "2026-12-31T00:00"),
            ("Pacific/Pago_Pago", "2026-12-31T23:00"),
            ("UTC", "2028-02-28T12:00"),
            ("UTC", "2028-02-29T12:00"),
        ],
    )
    def test_ends_and_begins_when_it_was_said_that_room_returns(self, zone, noon):
        now = datetime.fromisoformat(noon).replace(tzinfo=UTC)
        schedule = warming_in(zone, day=2, now=now)
        ip = schedule.ip_id
        reserve({ip: ["gmail"] * 50}, owner=uuid.uuid4(), now=now)
        Reservation.objects.all().delete()
        returns_at = rooms([ip], now=now)[ip].returns_at

        before = advance(schedule.pk, now=returns_at - SECOND)
        left = rooms([ip], now=returns_at - SECOND)[ip].left
        after = advance(schedule.pk, now=returns_at)

        assert (before.current_day, left) == (2, 0)
        assert (after.current_day, after.daily_limit) == (3, 100)
        assert rooms([ip], now=returns_at)[ip].left == 100

    @pytest.mark.parametrize(("used", "day"), [(50, 2), (0, 1)])
    def test_is_one_however_long_the_server_was_away_and_however_often_it_is_asked(self, used, day):
        schedule = warming_in("UTC")
        DailyAllowance.objects.update(used=used)

        for minute in range(50):
            schedule = advance(schedule.pk, now=NOON + 3 * DAY + timedelta(minutes=minute))

        assert schedule.current_day == day
        assert DailyAllowance.objects.count() == 2


@pytest.mark.django_db
class TestMidnight:
    def test_does_not_end_a_warm_up_that_staff_paused_a_moment_before_it_was_noticed(self):
        schedule = warming_in("UTC", day=28)
        DailyAllowance.objects.update(used=1)
        pause_warmup(schedule.pk, reason="", actor="ann", now=MIDNIGHT + SECOND)

        paused = advance(schedule.pk, now=MIDNIGHT + 2 * SECOND)
        room = rooms([schedule.ip_id], now=MIDNIGHT + 2 * SECOND)[schedule.ip_id]
        resumed = resume_warmup(schedule.pk, now=MIDNIGHT + 3 * SECOND)

        assert (paused.status, room.left, room.returns_at) == (Status.PAUSED, 0, None)
        assert resumed.status == Status.COMPLETED

    def test_counts_no_day_whose_only_mail_turns_out_never_to_have_left(self):
        schedule = warming_in("UTC")
        owner = uuid.uuid4()
        reserve({schedule.ip_id: ["gmail"] * 50}, owner=owner, now=MIDNIGHT - SECOND)
        advance(schedule.pk, now=MIDNIGHT + SECOND)
        settle({}, owner=owner)

        assert advance(schedule.pk, now=MIDNIGHT + 30 * SECOND).current_day == 1

    def test_counts_the_day_whose_mail_was_still_on_its_way(self):
        schedule = warming_in("UTC")
        owner = uuid.uuid4()
        reserve({schedule.ip_id: ["gmail"] * 50}, owner=owner, now=MIDNIGHT - SECOND)
        advance(schedule.pk, now=MIDNIGHT + SECOND)
        settle({(schedule.ip_id, "gmail"): 50}, owner=owner)

        assert advance(schedule.pk, now=MIDNIGHT + 30 * SECOND).current_day == 2

    def test_waits_no_longer_than_some_minutes_for_what_a_lost_machine_reserved(self):
        schedule = warming_in("UTC")
        reserve({schedule.ip_id: ["gmail"] * 50}, owner=uuid.uuid4(), now=MIDNIGHT - SECOND)

        waiting = advance(schedule.pk, now=MIDNIGHT + timedelta(minutes=9))
        waited = advance(schedule.pk, now=MIDNIGHT + timedelta(minutes=10))

        assert waiting.on_date == NOON.date()
        assert (waited.current_day, waited.on_date) == (2, MIDNIGHT.date())

    def test_forgets_in_the_end_what_a_lost_machine_reserved_and_keeps_it_used(self):
        schedule = warming_in("UTC")
        reserve({schedule.ip_id: ["gmail"] * 30}, owner=uuid.uuid4(), now=NOON)

        for days in range(1, 4):
            schedule = advance(schedule.pk, now=NOON + days * DAY)

        assert not Reservation.objects.exists()
        assert DailyAllowance.objects.get(date=NOON.date()).used == 30


@pytest.mark.django_db(transaction=True)
class TestMidnightWithAllAtOnce:
    def test_counts_one_day_and_gives_each_day_its_own_room(self):
        schedule = start_warmup(SendingIPFactory(organization__timezone="UTC"), now=NOON)
        ip = schedule.ip_id

        def worker() -> tuple[int, int]:
            granted = [0, 0]
            for step in range(12):
                at = MIDNIGHT + (step - 6) * SECOND
                owner = uuid.uuid4()
                number = reserve({ip: ["gmail"] * 7}, owner=owner, now=at)[ip].get("gmail", 0)
                settle({(ip, "gmail"): number}, owner=owner)
                granted[at >= MIDNIGHT] += number
                if step >= 6:
                    advance_due(now=at)
            return tuple(granted)

        before, after = zip(*at_once(worker, times=8), strict=True)

        schedule.refresh_from_db()
        assert (sum(before), sum(after)) == (50, 50)
        assert schedule.current_day == 2
        assert list(DailyAllowance.objects.order_by("date").values_list("used", flat=True)) == [
            50,
            50,
        ]
