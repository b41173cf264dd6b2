"""A day's room is never exceeded, and what was not used comes back."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import DomainError
from tests.factories.iprouting import SendingIPFactory
from tests.warmup.parallel import at_once
from warmup.caps import Cap
from warmup.models import DailyAllowance, ProviderAllowance, Reservation
from warmup.operations.progress import advance
from warmup.operations.reservations import reserve, settle, settle_up_to
from warmup.operations.schedules import abort_warmup, change_caps, pause_warmup, start_warmup
from warmup.queries import rooms

GMAIL, OUTLOOK, YAHOO = "gmail", "outlook", "yahoo"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def warming():
    """A warm-up on its first day: 50 messages."""
    return start_warmup(SendingIPFactory(), now=NOON)


def used() -> int:
    return DailyAllowance.objects.get().used


def ask(ip: int, number: int, *, owner: uuid.UUID | None = None, provider: str = GMAIL) -> int:
    """Return how many of so many messages for a provider an IP takes."""
    wanted = {ip: [provider] * number}
    return sum(reserve(wanted, owner=owner or uuid.uuid4(), now=NOON)[ip].values())


@pytest.mark.django_db
class TestReserve:
    def test_grants_what_is_left(self, warming):
        ip = warming.ip_id

        granted = [ask(ip, 30) for _ in range(3)]

        assert granted == [30, 20, 0]
        assert rooms([ip], now=NOON)[ip].left == 0

    def test_says_nothing_of_a_warm_ip(self, warming):
        warm = SendingIPFactory()

        assert reserve({warm.pk: [GMAIL]}, owner=uuid.uuid4(), now=NOON) == {}

    def test_grants_nothing_of_a_day_that_is_not_open(self, warming):
        tomorrow = NOON + timedelta(days=1)

        wanted = {warming.ip_id: [GMAIL]}

        assert reserve(wanted, owner=uuid.uuid4(), now=tomorrow) == {warming.ip_id: {}}

    def test_grants_nothing_while_paused(self, warming):
        pause_warmup(warming.pk, reason="", actor="ann", now=NOON)

        assert ask(warming.ip_id, 1) == 0

    def test_knows_no_limit_once_aborted(self, warming):
        abort_warmup(warming.pk, now=NOON)

        assert reserve({warming.ip_id: [GMAIL]}, owner=uuid.uuid4(), now=NOON) == {}


@pytest.mark.django_db
class TestSettle:
    def test_gives_back_what_was_not_handed_over(self, warming):
        owner = uuid.uuid4()
        ask(warming.ip_id, 30, owner=owner)

        settle({(warming.ip_id, GMAIL): 12}, owner=owner)
        settle({(warming.ip_id, GMAIL): 0}, owner=owner)

        assert used() == 12
        assert not Reservation.objects.exists()

    def test_gives_back_everything_of_an_ip_that_handed_over_nothing(self, warming):
        owner = uuid.uuid4()
        ask(warming.ip_id, 30, owner=owner)

        settle({}, owner=owner)

        assert used() == 0

    @pytest.mark.parametrize(("known", "kept"), [(0, 0), (7, 7), (99, 30), (None, 30)])
    def test_of_the_dead_keeps_what_may_have_left(self, warming, known, kept):
        owner = uuid.uuid4()
        ask(warming.ip_id, 30, owner=owner)

        settle_up_to(known if known is None else {GMAIL: known, YAHOO: 3}, owner=owner)

        assert used() == kept


@pytest.fixture
def capped():
    """A warm-up on its first day: 50 messages, 20 of them to Gmail, 10 to Yahoo."""
    caps = [Cap(GMAIL, share=0.4), Cap(YAHOO, messages=10)]
    return start_warmup(SendingIPFactory(), now=NOON, provider_caps=caps)


def used_at() -> dict[str, int]:
    return dict(ProviderAllowance.objects.values_list("provider", "used"))


@pytest.mark.django_db
class TestProviderCaps:
    def test_grant_what_is_left_of_the_cap_and_of_the_day(self, capped):
        ip = capped.ip_id

        granted = [
            ask(ip, 15), ask(ip, 15), ask(ip, 15), ask(ip, 25, provider=OUTLOOK),
            ask(ip, 15, provider=YAHOO), ask(ip, 1, provider=YAHOO),
        ]  # fmt: skip

        assert granted == [15, 5, 0, 25, 5, 0]
        assert used_at() == {GMAIL: 20, OUTLOOK: 25, YAHOO: 5}
        assert used() == 50

    def test_grant_in_the_order_of_turn(self, capped):
        wanted = [GMAIL] * 30 + [OUTLOOK] * 20 + [YAHOO] * 20

        granted = reserve({capped.ip_id: wanted}, owner=uuid.uuid4(), now=NOON)

        assert granted == {capped.ip_id: {GMAIL: 20, OUTLOOK: 20, YAHOO: 10}}

    @settings(
        deadline=None,  # each example asks a database
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        max_examples=30,
    )
    @given(st.lists(st.lists(st.sampled_from([GMAIL, OUTLOOK, YAHOO]), max_size=40), max_size=5))
    def test_grant_as_one_by_one(self, capped, batches):
        DailyAllowance.objects.update(used=0)
        ProviderAllowance.objects.update(used=0)
        left, limits = 50, {GMAIL: 20, YAHOO: 10}
        for wanted in batches:
            expected: Counter[str] = Counter()
            for provider in wanted:
                if left and limits.get(provider, left):
                    expected[provider] += 1
                    left -= 1
                    if provider in limits:
                        limits[provider] -= 1

            granted = reserve({capped.ip_id: wanted}, owner=uuid.uuid4(), now=NOON)

            assert granted == {capped.ip_id: expected}
        assert used() == 50 - left == sum(used_at().values())

    def test_give_back_what_was_not_handed_over(self, capped):
        owner = uuid.uuid4()
        wanted = [GMAIL] * 20 + [OUTLOOK] * 20
        reserve({capped.ip_id: wanted}, owner=owner, now=NOON)

        settle({(capped.ip_id, GMAIL): 5, (capped.ip_id, OUTLOOK): 20}, owner=owner)

        assert (used(), used_at()) == (25, {GMAIL: 5, OUTLOOK: 20, YAHOO: 0})
        assert rooms([capped.ip_id], now=NOON)[capped.ip_id].capped == {GMAIL: 15, YAHOO: 10}

    def test_open_anew_with_the_next_day(self, capped):
        ask(capped.ip_id, 20)

        advance(capped.pk, now=NOON + timedelta(days=2))  # day 2 has 50 again

        room = rooms([capped.ip_id], now=NOON + timedelta(days=2))[capped.ip_id]
        assert (room.left, room.capped) == (50, {GMAIL: 20, YAHOO: 10})

    def test_count_what_left_before_they_were_changed(self, capped):
        ask(capped.ip_id, 15)
        ask(capped.ip_id, 8, provider=OUTLOOK)

        caps = [Cap(GMAIL, messages=10), Cap(OUTLOOK, messages=9)]
        change_caps(capped.pk, provider_caps=caps, actor="ann", now=NOON)

        assert rooms([capped.ip_id], now=NOON)[capped.ip_id].capped == {GMAIL: 0, OUTLOOK: 1}
        assert ask(capped.ip_id, 5) == 0
        assert ask(capped.ip_id, 5, provider=OUTLOOK) == 1
        assert ask(capped.ip_id, 20, provider=YAHOO) == 20

    def test_cannot_be_changed_once_it_has_ended(self, capped):
        abort_warmup(capped.pk, now=NOON)

        with pytest.raises(DomainError, match="aborted"):
            change_caps(capped.pk, provider_caps=[], actor="ann", now=NOON)


@pytest.mark.django_db(transaction=True)
class TestEightAtOnce:
    def test_never_exceed_the_limit_by_one(self):
        ip = start_warmup(SendingIPFactory(), now=NOON).ip_id

        def worker() -> int:
            return sum(ask(ip, 3) for _ in range(10))

        granted = at_once(worker, times=8)

        assert sum(granted) == used() == 50

    def test_with_wishes_of_every_size_all_get_an_answer(self, warming):
        sizes = iter(range(1, 9))

        def worker() -> int:
            wanted = 50 // next(sizes) + 1
            for _ in range(30):
                owner = uuid.uuid4()
                ask(warming.ip_id, wanted, owner=owner)
                settle({}, owner=owner)
            return wanted

        assert len(at_once(worker, times=8)) == 8
        assert used() == 0

    def test_with_several_ips_never_wait_for_each_other_in_a_circle(self, warming):
        ips = [warming.ip_id, *(start_warmup(SendingIPFactory(), now=NOON).ip_id for _ in "12")]

        def worker() -> int:
            for _ in range(20):
                owner = uuid.uuid4()
                granted = reserve(dict.fromkeys(ips, [GMAIL] * 5), owner=owner, now=NOON)
                settle(
                    {(ip, GMAIL): counts.get(GMAIL, 0) // 2 for ip, counts in granted.items()},
                    owner=owner,
                )
            return 1

        assert sum(at_once(worker, times=8)) == 8
        assert not Reservation.objects.exists()

    def test_never_exceed_a_cap_by_one(self):
        caps = [Cap(GMAIL, share=0.4), Cap(YAHOO, messages=7)]
        ip = start_warmup(SendingIPFactory(), now=NOON, provider_caps=caps).ip_id
        wanted = {ip: [GMAIL, YAHOO, OUTLOOK, GMAIL]}

        def worker() -> Counter[str]:
            granted: Counter[str] = Counter()
            for _ in range(12):
                owner = uuid.uuid4()
                took = reserve(wanted, owner=owner, now=NOON)[ip]
                gives_back = took.get(GMAIL, 0) if granted[GMAIL] % 2 else 0
                settle(
                    {(ip, p): n for p, n in took.items() if p != GMAIL or not gives_back},
                    owner=owner,
                )
                granted.update(took)
                granted[GMAIL] -= gives_back
            return granted

        granted = sum(at_once(worker, times=8), Counter())

        assert granted[GMAIL] <= 20
        assert granted[YAHOO] <= 7
        assert sum(granted.values()) == used() == sum(used_at().values()) <= 50
        assert used_at() == {
            GMAIL: granted[GMAIL],
            YAHOO: granted[YAHOO],
            OUTLOOK: granted[OUTLOOK],
        }
        assert not Reservation.objects.exists()

    def test_never_wait_in_a_circle_with_somebody_who_changes_the_caps(self):
        caps = [Cap(GMAIL, messages=5), Cap(YAHOO, messages=5)]
        started = [start_warmup(SendingIPFactory(), now=NOON, provider_caps=caps) for _ in "12"]
        numbers = iter(range(8))
        wanted = {one.ip_id: [GMAIL, YAHOO, OUTLOOK] for one in started}

        def work() -> None:
            for _ in range(15):
                owner = uuid.uuid4()
                reserve(wanted, owner=owner, now=NOON)
                settle({}, owner=owner)

        def change(number: int) -> None:
            for turn in range(10):
                given = [Cap(GMAIL, messages=turn + 1), Cap(OUTLOOK, messages=number + 1)]
                change_caps(started[turn % 2].pk, provider_caps=given, now=NOON)
                advance(started[turn % 2].pk, now=NOON)

        def act() -> int:
            number = next(numbers)
            change(number) if number < 2 else work()
            return 1

        assert sum(at_once(act, times=8)) == 8
        assert set(ProviderAllowance.objects.values_list("used", flat=True)) == {0}
