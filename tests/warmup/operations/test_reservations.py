"""A day's room is never exceeded, and what was not used comes back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.iprouting import SendingIPFactory
from tests.warmup.parallel import at_once
from warmup.models import DailyAllowance, Reservation
from warmup.operations.reservations import reserve, settle, settle_up_to
from warmup.operations.schedules import abort_warmup, pause_warmup, start_warmup
from warmup.queries import rooms

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def warming():
    """A warm-up on its first day: 50 messages."""
    return start_warmup(SendingIPFactory(), now=NOON)


def used() -> int:
    return DailyAllowance.objects.get().used


@pytest.mark.django_db
class TestReserve:
    def test_grants_what_is_left(self, warming):
        ip = warming.ip_id

        granted = [reserve({ip: 30}, owner=uuid.uuid4(), now=NOON)[ip] for _ in range(3)]

        assert granted == [30, 20, 0]
        assert rooms([ip], now=NOON)[ip].left == 0

    def test_says_nothing_of_a_warm_ip(self, warming):
        warm = SendingIPFactory()

        assert reserve({warm.pk: 10}, owner=uuid.uuid4(), now=NOON) == {}

    def test_grants_nothing_of_a_day_that_is_not_open(self, warming):
        tomorrow = NOON + timedelta(days=1)

        assert reserve({warming.ip_id: 1}, owner=uuid.uuid4(), now=tomorrow) == {warming.ip_id: 0}

    def test_grants_nothing_while_paused(self, warming):
        pause_warmup(warming.pk, reason="", actor="ann", now=NOON)

        assert reserve({warming.ip_id: 1}, owner=uuid.uuid4(), now=NOON) == {warming.ip_id: 0}

    def test_knows_no_limit_once_aborted(self, warming):
        abort_warmup(warming.pk, now=NOON)

        assert reserve({warming.ip_id: 1}, owner=uuid.uuid4(), now=NOON) == {}


@pytest.mark.django_db
class TestSettle:
    def test_gives_back_what_was_not_handed_over(self, warming):
        owner = uuid.uuid4()
        reserve({warming.ip_id: 30}, owner=owner, now=NOON)

        settle({warming.ip_id: 12}, owner=owner)
        settle({warming.ip_id: 0}, owner=owner)

        assert used() == 12
        assert not Reservation.objects.exists()

    def test_gives_back_everything_of_an_ip_that_handed_over_nothing(self, warming):
        owner = uuid.uuid4()
        reserve({warming.ip_id: 30}, owner=owner, now=NOON)

        settle({}, owner=owner)

        assert used() == 0

    @pytest.mark.parametrize(("known", "kept"), [(0, 0), (7, 7), (99, 30), (None, 30)])
    def test_of_the_dead_keeps_what_may_have_left(self, warming, known, kept):
        owner = uuid.uuid4()
        reserve({warming.ip_id: 30}, owner=owner, now=NOON)

        settle_up_to(known, owner=owner)

        assert used() == kept


@pytest.mark.django_db(transaction=True)
class TestEightAtOnce:
    def test_never_exceed_the_limit_by_one(self):
        ip = start_warmup(SendingIPFactory(), now=NOON).ip_id

        def worker() -> int:
            return sum(reserve({ip: 3}, owner=uuid.uuid4(), now=NOON)[ip] for _ in range(10))

        granted = at_once(worker, times=8)

        assert sum(granted) == used() == 50

    def test_with_wishes_of_every_size_all_get_an_answer(self, warming):
        sizes = iter(range(1, 9))

        def worker() -> int:
            wanted = 50 // next(sizes) + 1
            for _ in range(30):
                owner = uuid.uuid4()
                reserve({warming.ip_id: wanted}, owner=owner, now=NOON)
                settle({}, owner=owner)
            return wanted

        assert len(at_once(worker, times=8)) == 8
        assert used() == 0

    def test_with_several_ips_never_wait_for_each_other_in_a_circle(self, warming):
        ips = [warming.ip_id, *(start_warmup(SendingIPFactory(), now=NOON).ip_id for _ in "12")]

        def worker() -> int:
            for _ in range(20):
                owner = uuid.uuid4()
                granted = reserve(dict.fromkeys(ips, 5), owner=owner, now=NOON)
                settle({ip: count // 2 for ip, count in granted.items()}, owner=owner)
            return 1

        assert sum(at_once(worker, times=8)) == 8
        assert not Reservation.objects.exists()
