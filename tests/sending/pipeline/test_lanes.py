"""The lanes of one worker: what they are fed, and when the others are looked at again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iprouting.models import SendingIP, Transport
from iprouting.slots import SlotWish
from sending.pipeline.lanes import (
    LONGEST_SPREAD,
    MOST_AHEAD,
    ConnectionLimit,
    Flow,
    Lanes,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROUTE = ("203.0.113.7", "gmail")


class GivesAll:
    """Slots of which there are enough, and what was asked of them."""

    def __init__(self):
        self.asked = []

    def lease(self, wishes):
        self.asked.append(dict(wishes))
        return {key: min(wish.limit, wish.wanted) for key, wish in wishes.items()}


class Clock:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lanes(clock):
    ip = SendingIP(address=ROUTE[0], transport=Transport(connections=8))
    return Lanes(7, {1: ip}, monotonic=clock, slots=GivesAll())


class TestFlow:
    def test_believes_what_it_sees_while_messages_wait(self):
        flow = Flow(100.0, looked_at=0.0)
        for second in range(1, 12):
            flow.look(done=10 * second, waiting=5, now=float(second))

        assert 10 <= flow.rate < 11

    def test_hopes_for_more_after_it_ran_dry(self):
        flow = Flow(5.0, looked_at=0.0)

        flow.look(done=50, waiting=0, now=1.0)

        assert flow.rate == 100

    @given(
        looks=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 50)), max_size=20),
        slots=st.integers(0, 100),
    )
    def test_feeds_something_wherever_there_is_a_slot_and_never_too_much(self, looks, slots):
        flow, done, now = Flow(100.0), 0, 0.0
        for count, waiting in looks:
            done, now = done + count, now + 0.5
            flow.look(done=done, waiting=waiting, now=now)

            assert (flow.room(waiting=0, slots=slots) > 0) == (slots > 0)
            assert flow.room(waiting=waiting, slots=slots) <= MOST_AHEAD
            assert flow.room(waiting=MOST_AHEAD, slots=slots) == 0


class TestLanes:
    def test_use_what_is_leased_up_to_their_own_connections(self, lanes):
        lane, room = lanes.ask({ROUTE: ConnectionLimit(20, 50)})[ROUTE]

        assert (lane.slots, lane.messages_per_connection) == (8, 50)
        assert room > 0
        assert lanes.slots.asked == [{"7:203.0.113.7:gmail": SlotWish(20, 8, 0)}]

    def test_ask_once_a_second_at_the_most(self, lanes, clock):
        for second in (100.0, 100.3, 100.9, 101.1):
            clock.seconds = second
            lanes.ask({ROUTE: ConnectionLimit(2)})

        assert len(lanes.slots.asked) == 2

    def test_ask_at_once_when_the_limit_changes(self, lanes):
        lanes.ask({ROUTE: ConnectionLimit(2)})
        lane, _ = lanes.ask({ROUTE: ConnectionLimit(1)})[ROUTE]

        assert lane.slots == 1
        assert lanes.slots.asked[-1]["7:203.0.113.7:gmail"] == SlotWish(1, 1, 2)

    def test_ask_for_nothing_where_only_messages_are_limited(self, lanes):
        lane, room = lanes.ask({ROUTE: ConnectionLimit(None, 5)})[ROUTE]

        assert (lane.slots, lane.messages_per_connection, room) == (None, 5, None)
        assert lanes.slots.asked == []

    def test_give_up_what_is_no_longer_used_and_take_it_up_again(self, lanes, clock):
        lane, _ = lanes.ask({ROUTE: ConnectionLimit(4)})[ROUTE]
        lanes.ask({})
        clock.seconds += 10
        lanes.renew()
        given_up = lane.slots
        again, _ = lanes.ask({ROUTE: ConnectionLimit(4)})[ROUTE]

        assert (given_up, again, lane.slots) == (0, lane, 4)

    def test_keep_what_messages_still_need(self, lanes, clock):
        lane, _ = lanes.ask({ROUTE: ConnectionLimit(4)})[ROUTE]
        lane.load = 3
        lanes.ask({})
        clock.seconds += 10
        lanes.renew()

        assert lane.slots == 4

    def test_put_off_one_behind_the_other_and_not_for_ever(self, lanes):
        lanes.ask({ROUTE: ConnectionLimit(1)})
        soon = NOW + timedelta(seconds=0.5)
        turns = [lanes.turn("gmail", now=NOW, until=soon) for _ in range(400_000)]

        assert turns[:3] == [soon, soon + timedelta(seconds=0.01), soon + timedelta(seconds=0.02)]
        assert turns == sorted(turns)
        assert turns[-1] == NOW + LONGEST_SPREAD

    def test_say_how_many_wait(self, lanes):
        lane, _ = lanes.ask({ROUTE: ConnectionLimit(1)})[ROUTE]
        lane.load = 5
        lane.enter("a")

        assert lanes.waiting == 4
