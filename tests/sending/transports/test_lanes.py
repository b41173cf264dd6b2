"""How many connections carry the mail of a lane, on its own and on the wire."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.transports.base import Answer
from sending.transports.lanes import Lane
from sending.transports.work import Backlog
from tests.flows.sink import running_sink
from tests.sending.scripted_server import DROP, Script, running
from tests.sending.transports.delivering import Bench, envelope, settings_for, waited_for

LOOP = Mock(spec=asyncio.AbstractEventLoop)  # is told of errors alone


def mail(count, domain, *, first=0):
    return [
        envelope(number)._replace(rcpt_to=f"r{number}@{domain}")
        for number in range(first, first + count)
    ]


class TestLane:
    def test_admits_as_many_as_it_has_slots(self):
        lane = Lane(slots=2)
        lane.enter("a")
        lane.enter("b")

        assert [lane.admits(one) for one in ("a", "b", "c", None)] == [True, True, False, False]

    def test_admits_again_when_the_last_message_of_one_is_answered(self):
        lane = Lane(slots=1)
        lane.enter("a")
        lane.enter("a")
        lane.leave("a")
        still = lane.admits("b")
        lane.leave("a")

        assert (still, lane.admits("b"), lane.in_use) == (False, True, 0)

    def test_keeps_nobody_in_when_there_are_fewer_slots(self):
        lane = Lane(slots=2)
        lane.enter("a")
        lane.enter("b")
        lane.slots = 1

        assert not lane.admits("a")

        lane.leave("b")
        assert lane.admits("a")

    def test_admits_any_number_without_a_limit(self):
        assert Lane(messages_per_connection=3).admits(None)

    def test_admits_nobody_when_its_lease_is_over(self):
        lane = Lane(slots=3)
        lane.good_until = time.monotonic() - 1

        assert not lane.admits("a")

    def test_tells_when_a_slot_is_free(self):
        lane, told = Lane(slots=1), []
        waker = lambda: told.append(1)  # noqa: E731
        lane.tell(waker)
        for number in range(2):
            lane.enter(number)
            lane.leave(number)
            lane.forget(waker)

        assert told == [1]


class TestBacklog:
    @given(
        slots=st.integers(0, 3),
        acts=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=40),
    )
    def test_never_hands_a_lane_to_more_connections_than_it_has_slots(self, slots, acts):
        lane = Lane(slots=slots)
        backlog = Backlog(LOOP)
        backlog.add(iter(mail(30, "a.example")), on_receipt=print, lane=lane)
        backlog.add(iter(mail(5, "b.example", first=30)), on_receipt=print)
        carried = {number: [] for number in range(5)}

        for connection, begins in acts:
            if begins and (work := backlog.pull(connection)) is not None:
                carried[connection].append(work)
            elif carried[connection]:
                carried[connection].pop(0).put_down()

            at_work = [any(work.lane for work in works) for works in carried.values()]
            assert sum(at_work) == lane.in_use <= slots

    def test_gives_up_everything_whatever_lanes_allow(self):
        backlog, lane = Backlog(LOOP), Lane(slots=0)
        backlog.add(iter(mail(3, "a.example")), on_receipt=print, lane=lane)
        backlog.add(iter(mail(2, "b.example")), on_receipt=print)

        assert [work.lane for work in backlog.drained()] == [lane] * 3 + [None] * 2
        assert not backlog

    def test_has_nothing_to_do_while_a_lane_is_full(self):
        backlog, lane = Backlog(LOOP), Lane(slots=1)
        backlog.add(iter(mail(3, "a.example")), on_receipt=print, lane=lane)
        before = bool(backlog)
        backlog.pull("a")

        assert (before, bool(backlog)) == (True, False)


class TestOnTheWire:
    @pytest.mark.parametrize("pipelining", ["auto", "never"])
    def test_a_lane_has_no_more_connections_than_slots_and_others_go_on(self, run, pipelining):
        async def story(sink):
            bench = Bench(settings_for(sink.port, connections=8, pipelining=pipelining))
            bench.transport.feed(
                iter(mail(40, "slow.example")), on_receipt=bench._keep, lane=Lane(slots=2)
            )
            bench.feed(mail(400, "quick.example", first=100))
            await waited_for(lambda: sum("quick" in kept.rcpt_to for kept in sink.kept) == 400)
            done = Counter(kept.rcpt_to.partition("@")[2] for kept in sink.kept)
            await bench.receipts(440)
            await bench.transport.aclose()
            return done, bench.delivery

        with running_sink(delay=lambda to: 0.02 if "slow" in to else 0.0) as sink:
            done, delivery = run(story(sink))

        assert sink.most_at_once["slow.example"] == 2
        assert sink.most_at_once["quick.example"] > 2
        assert done["slow.example"] < 40
        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        assert len(set(sink.addresses)) == len(sink.kept) == 440

    def test_a_lane_is_shared_by_transports(self, run):
        async def story(ports):
            lane = Lane(slots=3)
            benches = [Bench(settings_for(port, connections=4)) for port in ports]
            for bench in benches:
                bench.transport.feed(
                    iter(mail(30, "one.example")), on_receipt=bench._keep, lane=lane
                )
            for bench in benches:
                await bench.receipts(30)
                await bench.transport.aclose()
            return lane.in_use

        with running_sink(delay=0.005) as one, running_sink(delay=0.005) as other:
            in_use = run(story([one.port, other.port]))

        both = one.most_at_once["one.example"] + other.most_at_once["one.example"]
        assert in_use == 0
        assert 3 <= both <= 6
        assert len(one.kept) == len(other.kept) == 30

    def test_slots_that_come_later_are_used(self, run):
        async def story(sink):
            lane = Lane(slots=0)
            bench = Bench(settings_for(sink.port, connections=4))
            bench.transport.feed(iter(mail(20, "a.example")), on_receipt=bench._keep, lane=lane)
            await asyncio.sleep(0.1)
            before = len(sink.kept)
            lane.slots = 2
            lane.wake()
            await bench.receipts(20)
            await bench.transport.aclose()
            return before

        with running_sink(delay=0.002) as sink:
            before = run(story(sink))

        assert before == 0
        assert sink.most_at_once["a.example"] == 2

    @pytest.mark.parametrize("pipelining", ["auto", "never"])
    def test_a_connection_is_left_after_its_share_of_a_lane(self, run, pipelining):
        async def story(sink):
            bench = Bench(settings_for(sink.port, connections=3, pipelining=pipelining))
            lane = Lane(slots=2, messages_per_connection=5)
            bench.transport.feed(iter(mail(33, "a.example")), on_receipt=bench._keep, lane=lane)
            bench.feed(mail(200, "b.example", first=100))
            await bench.receipts(233)
            await bench.transport.aclose()

        with running_sink(delay=lambda to: 0.001) as sink:
            run(story(sink))

        assert sink.most_over_one["a.example"] == 5
        assert sink.most_at_once["a.example"] <= 2
        assert sink.most_over_one["b.example"] > 5
        assert len(sink.kept) == 233

    def test_a_connection_that_breaks_gives_its_slot_back(self, run):
        async def story(server):
            bench, lane = Bench(settings_for(server.port, connections=3)), Lane(slots=1)
            bench.transport.feed(iter(mail(12, "a.example")), on_receipt=bench._keep, lane=lane)
            await bench.receipts(12)
            await bench.transport.aclose()
            return bench.delivery, lane

        moves = {("MAIL", "b3@bounce.example.com"): [DROP], ("BODY", "r6@a.example"): [DROP]}
        with running(Script(moves=moves)) as server:
            delivery, lane = run(story(server))

        assert delivery[6].answer is Answer.IN_DOUBT
        assert Counter(delivery.answers().values()) == {Answer.ACCEPTED: 11, Answer.IN_DOUBT: 1}
        assert lane.in_use == 0
        assert delivery.accepted() == sorted(
            address.replace("a.example", "example.com") for address in server.recipients
        )

    def test_what_waits_for_a_slot_goes_back_when_the_transport_is_closed(self, run):
        async def story(sink):
            bench, lane = Bench(settings_for(sink.port)), Lane(slots=0)
            bench.transport.feed(iter(mail(3, "a.example")), on_receipt=bench._keep, lane=lane)
            await bench.transport.aclose()
            return bench.delivery

        with running_sink() as sink:
            delivery = run(story(sink))

        assert set(delivery.answers().values()) == {Answer.UNREACHED}
        assert sink.kept == []
