"""Reads of warm-ups: room, pace, where they stand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from warmup.models import DailyAllowance, WarmupSchedule
from warmup.operations.progress import advance
from warmup.operations.schedules import abort_warmup, pause_warmup, resume_warmup, start_warmup
from warmup.queries import Room, paces, rooms, standings, standings_by_ip
from warmup.schedule import Pace

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday; 13:00 in Berlin
DAY = timedelta(days=1)
TODAY = NOON.date()
MIDNIGHT = datetime(2026, 11, 23, 23, tzinfo=UTC)


@pytest.fixture
def ip():
    """An IP of an organization in Berlin."""
    return SendingIPFactory(organization=OrganizationFactory(timezone="Europe/Berlin"))


@pytest.fixture
def schedule(ip):
    """Its warm-up, on the first day, 20 of 50 used."""
    started = start_warmup(ip, now=NOON)
    DailyAllowance.objects.update(used=20)
    return started


def stopped_by_figures(schedule: WarmupSchedule) -> None:
    """Stop a warm-up until tomorrow."""
    WarmupSchedule.objects.filter(pk=schedule.pk).update(
        status="paused", stopped_on=TODAY, resumes_on=TODAY + DAY
    )


class TestRooms:
    def test_are_what_is_left_until_midnight(self, ip, schedule):
        assert rooms([ip.pk], now=NOON) == {ip.pk: Room(30, MIDNIGHT)}

    def test_are_asked_for_once(self, schedule, django_assert_num_queries):
        others = [start_warmup(SendingIPFactory(), now=NOON).ip_id for _ in range(3)]

        with django_assert_num_queries(1):
            found = rooms([schedule.ip_id, *others], now=NOON)

        assert len(found) == 4

    def test_are_empty_until_the_date_is_opened(self, ip, schedule):
        assert rooms([ip.pk], now=NOON + DAY) == {ip.pk: Room(0, MIDNIGHT + DAY)}

    def test_return_when_the_figures_are_forgiven(self, ip, schedule):
        stopped_by_figures(schedule)

        assert rooms([ip.pk], now=NOON) == {ip.pk: Room(0, MIDNIGHT)}

    def test_return_when_somebody_resumes_what_somebody_paused(self, ip, schedule):
        pause_warmup(schedule.pk, reason="", actor="ann", now=NOON)

        assert rooms([ip.pk], now=NOON) == {ip.pk: Room(0, None)}

    def test_begin_with_the_warm_up(self, ip):
        start_warmup(ip, now=NOON, starts_at=NOON + 3 * DAY)

        assert rooms([ip.pk], now=NOON) == {ip.pk: Room(0, NOON + 3 * DAY)}


class TestPaces:
    def test_go_on_with_the_next_day(self, ip, schedule):
        assert paces([ip.pk], now=NOON) == {ip.pk: Pace(30, 2)}

    def test_repeat_the_day_that_was_stopped(self, ip, schedule):
        stopped_by_figures(schedule)

        assert paces([ip.pk], now=NOON) == {ip.pk: Pace(0, 1)}

    def test_are_unknown_until_somebody_resumes(self, ip, schedule):
        pause_warmup(schedule.pk, reason="", actor="ann", now=NOON)

        assert paces([ip.pk], now=NOON) == {ip.pk: None}

    def test_rest_until_the_warm_up_begins(self, ip):
        start_warmup(ip, now=NOON, starts_at=NOON + 3 * DAY)

        assert paces([ip.pk], now=NOON) == {ip.pk: Pace(0, 1, resting_days=2)}

    def test_are_those_of_warming_ips_alone(self, ip):
        assert paces([ip.pk], now=NOON) == {}


def standing_of(schedule, *, now=NOON):
    [standing] = standings(WarmupSchedule.objects.filter(pk=schedule.pk), now=now)
    return standing


class TestStandings:
    def test_say_what_is_ahead_and_when_it_ends(self, schedule):
        standing = standing_of(schedule)

        assert (standing.used, standing.left, standing.day_count) == (20, 30, 28)
        assert standing.upcoming[:4] == (50, 100, 100, 500)
        assert standing.next_date == date(2026, 11, 24)
        assert standing.warm_on == date(2026, 12, 21)

    def test_foresee_what_then_comes_true(self, schedule):
        foreseen = standing_of(schedule)
        limits, now = [], NOON
        while schedule.status == "active":
            now += DAY
            schedule = advance(schedule.pk, now=now)
            DailyAllowance.objects.filter(date=schedule.on_date).update(used=1)
            limits.append(schedule.daily_limit)

        assert tuple(limits[:-1]) == foreseen.upcoming
        assert now.date() == foreseen.warm_on

    def test_repeat_the_day_after_a_pause(self, schedule):
        paused = pause_warmup(schedule.pk, reason="", actor="ann", now=NOON)
        standing = standing_of(paused)
        resumed = standing_of(resume_warmup(schedule.pk, now=NOON))

        assert (standing.next_date, standing.warm_on, standing.left) == (None, None, 0)
        assert resumed.upcoming == standing.upcoming
        assert resumed.upcoming[:3] == (50, 50, 100)
        assert resumed.warm_on == date(2026, 12, 22)

    def test_count_from_the_start_that_is_to_come(self, ip):
        standing = standing_of(start_warmup(ip, now=NOON, starts_at=NOON + 3 * DAY))

        assert len(standing.upcoming) == 28
        assert (standing.next_date, standing.warm_on) == (date(2026, 11, 26), date(2026, 12, 24))

    def test_have_nothing_ahead_once_it_has_ended(self, schedule):
        standing = standing_of(abort_warmup(schedule.pk, now=NOON))

        assert not standing.is_open
        assert (standing.upcoming, standing.warm_on, standing.room_returns_at) == ((), None, None)

    def test_are_found_by_ip_as_long_as_it_is_warming(self, ip, schedule):
        assert standings_by_ip([ip.pk], now=NOON)[ip.pk].schedule == schedule

        abort_warmup(schedule.pk, now=NOON)

        assert standings_by_ip([ip.pk], now=NOON) == {}
