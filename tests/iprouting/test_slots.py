"""Connections shared out among workers, with Valkey and without."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from iprouting import slots
from iprouting.scripts import SharedScript
from iprouting.slots import LEASE_SCRIPT, Slots, SlotWish, safe_share


@pytest.fixture
def key():
    return uuid.uuid4().hex


def holder(*, grace=0.0, url=None):
    script = SharedScript(url or settings.REDIS_URL, LEASE_SCRIPT)
    return Slots(script, holder=uuid.uuid4().hex, grace_seconds=grace)


def lease(one, key, limit, wanted, used=0):
    return one.lease({key: SlotWish(limit, wanted, used)})[key]


class Worker:
    """Uses as many as it may, at once or as late as it can, and says so as the send path does."""

    def __init__(self):
        self.slots = holder()
        self.may = self.uses = 0

    def renew(self, key, limit, wanted):
        self.may = lease(self.slots, key, limit, wanted, max(self.may, self.uses))

    def move(self, number):
        """Come down to what is allowed, or go up to it, by some steps."""
        if self.uses > self.may:
            self.uses = max(self.may, self.uses - number)
        else:
            self.uses = min(self.may, self.uses + number)


class TestTogether:
    def test_give_one_alone_all_of_it(self, key):
        assert lease(holder(), key, 5, 16) == 5

    def test_give_several_limits_at_once(self, key):
        wishes = {f"{key}{n}": SlotWish(n, 3) for n in (1, 2, 9)}

        assert list(holder().lease(wishes).values()) == [1, 2, 3]

    def test_come_down_to_equal_shares(self, key):
        workers = [Worker() for _ in range(3)]
        for _ in range(4):
            for worker in workers:
                worker.renew(key, 9, 9)
                worker.move(9)

        assert [worker.uses for worker in workers] == [3, 3, 3]

    def test_leave_to_others_what_one_does_not_want(self, key):
        modest, greedy = Worker(), Worker()
        for _ in range(3):
            modest.renew(key, 10, 2)
            greedy.renew(key, 10, 10)

        assert (modest.may, greedy.may) == (2, 8)

    def test_let_whoever_has_none_wait_rather_than_exceed(self, key):
        first, second = holder(), holder()
        assert lease(first, key, 1, 1) == 1

        assert lease(second, key, 1, 1) == 0

    @hypothesis_settings(max_examples=40, deadline=None)
    @given(
        limit=st.integers(1, 12),
        acts=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 12)), max_size=40),
    )
    def test_never_let_workers_use_more_than_the_limit(self, limit, acts):
        key, workers = uuid.uuid4().hex, [Worker() for _ in range(4)]

        for who, renews, number in acts:
            if renews:
                workers[who].renew(key, limit, number)
            else:
                workers[who].move(number)

            assert sum(max(one.uses, 0) for one in workers) <= limit

    def test_hold_when_all_ask_at_once(self, key):
        workers = [Worker() for _ in range(8)]

        def work(worker):
            for _ in range(20):
                worker.renew(key, 5, 5)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, workers))

        assert sum(worker.may for worker in workers) <= 5

    def test_come_back_when_given_back(self, key):
        first, second = holder(), holder()
        lease(first, key, 4, 4)

        first.give_back()

        assert lease(second, key, 4, 4) == 4
        assert lease(first, key, 4, 4) == 0

    def test_come_back_when_their_holder_was_killed(self, key, monkeypatch):
        monkeypatch.setattr(slots, "LEASE_SECONDS", 0.2)
        killed, other = holder(), holder()
        lease(killed, key, 4, 4)
        before = lease(other, key, 4, 4)
        time.sleep(0.25)

        assert before == 0
        assert lease(other, key, 4, 4) == 4

    def test_are_kept_while_they_are_renewed(self, key, monkeypatch):
        monkeypatch.setattr(slots, "LEASE_SECONDS", 0.3)
        first, other = holder(), holder()
        lease(first, key, 1, 1)

        seen = []
        for _ in range(4):
            time.sleep(0.1)
            lease(first, key, 1, 1, 1)
            seen.append(lease(other, key, 1, 1))

        assert seen == [0, 0, 0, 0]


class TestWithoutValkey:
    def test_keep_to_a_share_and_do_not_stop(self, key):
        lost = holder(url="redis://127.0.0.1:1/0")

        assert [lease(lost, key, limit, 16) for limit in (1, 5, 16, 80)] == [1, 1, 2, 10]
        assert lease(lost, key, 80, 3) == 3
        assert lease(lost, key, 80, 0) == 0

    def test_started_a_moment_ago_give_only_the_safe_share(self, key):
        assert lease(holder(grace=10_000_000.0), key, 16, 16) == safe_share(16) == 2

    def test_take_up_what_was_in_use_meanwhile(self, key):
        told_late, quick = holder(), holder()
        assert lease(told_late, key, 2, 2, used=1) == 2

        assert lease(quick, key, 2, 2) == 0
