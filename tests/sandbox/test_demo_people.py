"""The demo's people."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import Counter

import pytest

from common.addresses import normalize_address
from sandbox.demo.names import REGIONS
from sandbox.demo.people import Standing, make_people

NOW = dt.datetime(2026, 11, 23, 8, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def people():
    return make_people(2000, seed=7, now=NOW)


class TestMakePeople:
    def test_makes_the_same_people_all_day(self, people):
        assert make_people(2000, seed=7, now=NOW + dt.timedelta(hours=5)) == people

    def test_gives_everybody_an_address_of_their_own(self, people):
        assert len({normalize_address(person.address).key for person in people}) == 2000

    def test_uses_only_domains_that_no_mail_can_reach(self, people):
        assert all(person.address.endswith(".example") for person in people)

    def test_writes_addresses_in_the_form_that_is_mailed(self, people):
        assert all(normalize_address(p.address).email == p.address for p in people)

    def test_names_real_time_zones(self):
        zones = zoneinfo.available_timezones()

        assert [zone for region in REGIONS for _, zone in region.places if zone not in zones] == []

    def test_brings_many_scripts_and_a_few_without_a_name(self, people):
        languages = {person.language for person in people}
        nameless = [person for person in people if not person.first_name]

        assert languages == {region.language for region in REGIONS}
        assert any("\u0600" <= person.first_name[:1] <= "\u06ff" for person in people)
        assert 20 < len(nameless) < 120

    def test_lets_some_have_left_and_some_have_bounced(self, people):
        counts = Counter(person.standing for person in people)

        assert set(counts) == set(Standing)
        assert counts[Standing.SUBSCRIBED] > 1800

    def test_puts_nothing_before_the_day_they_joined(self, people):
        assert all(
            person.last_human_at is None or person.joined_at <= person.last_human_at < NOW
            for person in people
        )
