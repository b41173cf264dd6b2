"""One pace for all workers, with Valkey and without."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings

from iprouting.scripts import PROCESSES
from iprouting.throttles import Throttle, Wish

NOW = 1_800_000_000.0


@pytest.fixture
def key():
    return uuid.uuid4().hex


@pytest.fixture
def throttle():
    return Throttle(settings.REDIS_URL)


@pytest.fixture
def without_valkey():
    return Throttle("redis://127.0.0.1:1/0")


class TestTogether:
    def test_grants_a_burst_and_then_the_rate(self, throttle, key):
        first = throttle.take({key: Wish(60, 100)}, at=NOW)[key]
        second = throttle.take({key: Wish(60, 100)}, at=NOW + 5)[key]

        assert first.messages == 10
        assert second.messages == 5
        assert 0 < second.wait_seconds <= 1

    def test_never_grants_workers_more_than_one_alone_would_get(self, key):
        workers = [Throttle(settings.REDIS_URL) for _ in range(8)]

        def take(number):
            return workers[number % 8].take({key: Wish(600, 7)}, at=NOW)[key].messages

        with ThreadPoolExecutor(8) as threads:
            granted = sum(threads.map(take, range(64)))

        assert granted == 100

    def test_takes_nothing_by_looking(self, throttle, key):
        looked = [throttle.take({key: Wish(1)}, at=NOW)[key] for _ in range(3)]
        taken = throttle.take({key: Wish(1, 5)}, at=NOW)[key]
        after = throttle.take({key: Wish(1)}, at=NOW + 20)[key]

        assert [one.wait_seconds for one in looked] == [0, 0, 0]
        assert taken.messages == 1
        assert 39 <= after.wait_seconds <= 41

    def test_grants_at_the_slowest_rate_too_in_the_end(self, throttle, key):
        granted = [
            throttle.take({key: Wish(1, 1)}, at=NOW + second)[key].messages
            for second in range(0, 600, 10)
        ]

        assert 10 <= sum(granted) <= 11


class TestWithoutValkey:
    def test_keeps_to_a_share_and_never_stops_for_good(self, without_valkey, key):
        granted = [
            without_valkey.take({key: Wish(60, 100)}, at=NOW + second)[key].messages
            for second in range(601)
        ]

        share = 600 / PROCESSES
        assert share - 1 <= sum(granted) <= share + 2
