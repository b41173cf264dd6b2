"""What campaigns wait for, and how long it takes, while IPs warm up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from sending.queries.preflight import preflight
from sending.queries.rooms import (
    CapWait,
    Forecast,
    RoomWait,
    cap_wait,
    cap_words,
    closed_providers,
    forecast,
    named,
    room_wait,
    wait_words,
)
from tests.admin_world import ready_campaign
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from warmup.models import DailyAllowance, WarmupSchedule
from warmup.operations.schedules import pause_warmup, start_warmup
from warmup.queries import Room

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, 23, tzinfo=UTC)
ONE = ("203.0.113.7",)


def ips(number: int) -> dict:
    return {n: SendingIPFactory.build(address=f"203.0.113.{n + 7}") for n in range(number)}


class TestRoomWait:
    def test_is_none_while_any_ip_has_room(self):
        full, free = Room(0, MIDNIGHT), Room(1, MIDNIGHT)

        assert room_wait(ips(2), {0: full, 1: free}) is None

    def test_is_none_with_a_warm_ip(self):
        assert room_wait(ips(2), {0: Room(0, MIDNIGHT)}) is None

    def test_is_none_without_an_ip(self):
        assert room_wait({}, {}) is None

    def test_ends_when_the_first_has_room_again(self):
        rooms = {0: Room(0, None), 1: Room(0, MIDNIGHT), 2: Room(0, MIDNIGHT + timedelta(days=1))}

        assert room_wait(ips(3), rooms).until == MIDNIGHT

    @pytest.mark.parametrize(
        ("until", "words"),
        [
            (MIDNIGHT, "Waits for room on 203.0.113.7 until Tue 24 Nov 00:00."),
            (None, "Waits until the warm-up of 203.0.113.7 is resumed."),
        ],
    )
    def test_is_said_on_the_clock_of_the_organization(self, until, words):
        berlin = OrganizationFactory.build(timezone="Europe/Berlin")

        assert wait_words(RoomWait(ONE, until), organization=berlin) == words


class TestClosedProviders:
    def test_are_those_that_no_ip_may_send_anything_more(self):
        rooms = {
            0: Room(9, MIDNIGHT, {"gmail": 0, "yahoo": 0}),
            1: Room(9, MIDNIGHT, {"gmail": 0, "yahoo": 1}),
        }

        assert closed_providers(rooms, rooms) == {"gmail"}

    def test_are_none_while_an_ip_without_that_cap_has_room(self):
        rooms = {0: Room(9, MIDNIGHT, {"gmail": 0}), 1: Room(9, MIDNIGHT)}

        assert closed_providers(rooms, rooms) == frozenset()
        assert closed_providers({**rooms, 1: Room(0, MIDNIGHT)}, rooms) == {"gmail"}

    def test_are_none_with_a_warm_ip(self):
        assert closed_providers({0: Room(9, MIDNIGHT, {"gmail": 0})}, [0, 1]) == frozenset()


class TestCapWait:
    def test_names_provider_and_ip_and_until_when(self):
        rooms = {0: Room(9, MIDNIGHT, {"gmail": 0}), 1: Room(0, MIDNIGHT)}
        berlin = OrganizationFactory.build(timezone="Europe/Berlin")

        wait = cap_wait(["gmail"], ips(2), rooms)

        assert wait == CapWait(("gmail",), ONE, MIDNIGHT)
        words = cap_words(wait, organization=berlin)
        assert words == "Waits for room for Gmail on 203.0.113.7 until Tue 24 Nov 00:00."

    def test_names_several_providers(self):
        rooms = {0: Room(9, MIDNIGHT, {"gmail": 0, "outlook": 0})}

        assert cap_wait(["outlook", "gmail"], ips(1), rooms).names == "Gmail and Outlook"


class TestNamed:
    @pytest.mark.parametrize(
        ("addresses", "words"),
        [
            (("a",), "a"),
            (("a", "b"), "a and b"),
            (("a", "b", "c"), "a, b and c"),
            (("a", "b", "c", "d"), "all 4 sending IPs"),
        ],
    )
    def test_lists_few_and_counts_many(self, addresses, words):
        assert named(addresses) == words


@pytest.mark.django_db
class TestForecast:
    def test_adds_up_the_days_of_warming_ips(self):
        warming = [start_warmup(SendingIPFactory(), now=NOW).ip for _ in range(2)]

        found = forecast({ip.pk: ip for ip in warming}, by_provider={"gmail": 201}, now=NOW)

        assert found.days == 3

    def test_is_none_where_a_warm_ip_takes_everything(self):
        warming, warm = start_warmup(SendingIPFactory(), now=NOW).ip, SendingIPFactory()

        assert (
            forecast({ip.pk: ip for ip in (warming, warm)}, by_provider={"gmail": 10**6}, now=NOW)
            is None
        )

    def test_leaves_out_what_is_paused(self):
        paused = start_warmup(SendingIPFactory(), now=NOW)
        going = start_warmup(SendingIPFactory(), now=NOW)
        pause_warmup(paused.pk, reason="", actor="ann", now=NOW)
        both = {one.ip_id: one.ip for one in (paused, going)}

        assert forecast(both, by_provider={"gmail": 51}, now=NOW).days == 2

    @pytest.mark.parametrize(
        ("found", "words"),
        [
            (Forecast(ONE, 6), "about 6 days, because 203.0.113.7 is warming up"),
            (Forecast((*ONE, "b"), 2), "about 2 days, because 203.0.113.7 and b are warming up"),
            (Forecast(ONE, 1), ""),
            (Forecast(ONE, None), "not until a warm-up is resumed, because 203.0.113.7 is"),
        ],
    )
    def test_is_said_with_its_reason(self, found, words):
        assert found.words.startswith(words)
        assert bool(found.words) == bool(words)


@pytest.mark.django_db
class TestPreflight:
    @pytest.fixture
    def campaign(self):
        """A campaign to three people through one IP, with room for one a day of the first two."""
        campaign = ready_campaign(OrganizationFactory())
        started = start_warmup(campaign.organization.ips.get(), now=timezone.now())
        DailyAllowance.objects.filter(schedule=started).update(used=49)
        return campaign

    def test_says_on_how_many_days_it_goes_out_and_why(self, campaign):
        found = preflight(campaign, now=timezone.now())

        address = campaign.organization.ips.get().address
        assert found.days_expected == 2
        assert found.seconds_expected > 86_400
        assert found.forecast.words == f"about 2 days, because {address} is warming up"
        assert found.blocking == ()

    def test_warns_of_a_deadline_that_comes_before(self, campaign):
        campaign.deadline_at = timezone.now() + timedelta(hours=1)

        found = preflight(campaign, now=timezone.now())

        assert [problem.code for problem in found.problems] == ["deadline_too_early"]

    def test_warns_that_nothing_leaves_while_it_is_paused(self, campaign):
        schedule = WarmupSchedule.objects.get()
        pause_warmup(schedule.pk, reason="", actor="ann", now=timezone.now())

        found = preflight(campaign, now=timezone.now())

        assert [problem.code for problem in found.problems] == ["warmup_paused"]
        assert (found.days_expected, found.seconds_expected) == (None, None)

    def test_forecasts_nothing_through_warm_ips(self):
        found = preflight(ready_campaign(OrganizationFactory()), now=timezone.now())

        assert (found.forecast, found.days_expected) == (None, 1)
