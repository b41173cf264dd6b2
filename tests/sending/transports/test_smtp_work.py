"""What the transport does with the messages it is fed."""

from __future__ import annotations

import asyncio
import errno
import itertools
import time

import pytest

from sending.transports.base import Answer
from tests.sending.scripted_server import SILENCE, Script, running
from tests.sending.transports.delivering import (
    Bench,
    delivered,
    envelope,
    envelopes,
    settings_for,
    waited_for,
)


class TestWork:
    """Fed iterators."""

    def test_is_shared_among_connections(self, run):
        with running(Script(delay_seconds=0.002)) as server:
            delivery = run(delivered(settings_for(server.port, connections=4), envelopes(60)))

        assert server.recipients == delivery.accepted()
        assert server.connections == server.most_at_once == 4
        assert {taken.connection for taken in server.accepted} == {1, 2, 3, 4}

    def test_needs_no_more_connections_than_messages(self, run):
        with running() as server:
            run(delivered(settings_for(server.port, connections=16), envelopes(1)))

        assert server.connections <= 2

    def test_is_pulled_only_as_connections_can_take_it(self, run):
        pulled = []

        def messages():
            for one in envelopes(50):
                pulled.append(one.recipient_id)
                yield one

        async def story(server):
            bench = Bench(settings_for(server.port, connections=2))
            bench.feed(messages())
            await waited_for(lambda: len(server.commands) >= 3)
            await asyncio.sleep(0.1)
            ahead = len(pulled)
            await bench.transport.aclose(within=0.1)
            return ahead, bench.delivery

        silence = {("BODY", f"r{number}@example.com"): SILENCE for number in range(50)}
        with running(Script(moves=silence)) as server:
            ahead, delivery = run(story(server))

        assert ahead <= 4
        delivery.check(envelopes(50))

    def test_of_several_feeds_reaches_its_own_listener(self, run):
        async def story(server):
            bench = Bench(settings_for(server.port, connections=3))
            heard = {"a": [], "b": []}
            for name, start in (("a", 0), ("b", 100)):
                bench.transport.feed(
                    iter([envelope(n) for n in range(start, start + 20)]),
                    on_receipt=heard[name].append,
                )
            await waited_for(lambda: len(heard["a"]) + len(heard["b"]) == 40)
            await bench.transport.aclose()
            return heard

        with running() as server:
            heard = run(story(server))

        assert sorted(one.recipient_id for one in heard["a"]) == list(range(20))
        assert sorted(one.recipient_id for one in heard["b"]) == list(range(100, 120))

    def test_fed_from_a_receipt_is_done_too(self, run):
        async def story(server):
            bench = Bench(settings_for(server.port))
            chain = itertools.count(1)
            receipts = []

            def again(receipt):
                receipts.append(receipt)
                if len(receipts) < 10:
                    bench.transport.feed(iter([envelope(next(chain))]), on_receipt=again)

            bench.transport.feed(iter([envelope(0)]), on_receipt=again)
            await waited_for(lambda: len(receipts) == 10)
            await bench.transport.aclose()
            return receipts

        with running() as server:
            receipts = run(story(server))

        assert [one.recipient_id for one in receipts] == list(range(10))
        assert server.connections == 1

    def test_whose_iterator_fails_is_reported_and_does_not_stop_the_rest(self, run):
        def broken():
            yield envelope(0)
            raise ValueError("cannot be rendered")

        async def story(server):
            problems = []
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: problems.append(context)
            )
            bench = Bench(settings_for(server.port))
            bench.feed(broken())
            bench.feed([envelope(1)])
            await bench.receipts(2)
            await bench.transport.aclose()
            return problems, bench.delivery

        with running() as server:
            problems, delivery = run(story(server))

        assert [str(one["exception"]) for one in problems] == ["cannot be rendered"]
        assert delivery.accepted() == server.recipients == ["r0@example.com", "r1@example.com"]

    def test_whose_listener_fails_is_reported_and_does_not_stop_the_rest(self, run):
        async def story(server):
            problems, receipts = [], []
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: problems.append(context)
            )
            bench = Bench(settings_for(server.port))

            def fail_once(receipt):
                receipts.append(receipt.recipient_id)
                if receipt.recipient_id == 1:
                    raise ValueError("no room")

            bench.transport.feed(iter(envelopes(4)), on_receipt=fail_once)
            await waited_for(lambda: len(receipts) == 4)
            await bench.transport.aclose()
            return problems, receipts

        with running() as server:
            problems, receipts = run(story(server))

        assert len(problems) == 1
        assert receipts == [0, 1, 2, 3]
        assert len(server.accepted) == 4


class TestJournal:
    """No body leaves unnoted."""

    def test_that_cannot_be_written_keeps_the_message_here(self, run):
        class FullJournal:
            def handing_over(self, recipient_id):
                raise OSError(errno.ENOSPC, "No space left on device")

            def answered(self, receipt):
                pass

        async def story(server):
            bench = Bench(settings_for(server.port))
            bench.transport._journal = FullJournal()
            bench.feed(envelopes(2))
            await bench.receipts(2)
            await bench.transport.aclose()
            return bench.delivery

        with running() as server:
            delivery = run(story(server))

        assert delivery.answers() == {0: Answer.UNREACHED, 1: Answer.UNREACHED}
        assert "No space left on device" in delivery[0].response
        assert server.accepted == []

    def test_that_fails_at_an_answer_is_reported_and_the_receipt_delivered(self, run):
        class ForgetfulJournal:
            def handing_over(self, recipient_id):
                pass

            def answered(self, receipt):
                raise KeyError(receipt.recipient_id)

        async def story(server):
            problems = []
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: problems.append(context)
            )
            bench = Bench(settings_for(server.port))
            bench.transport._journal = ForgetfulJournal()
            bench.feed(envelopes(3))
            await bench.receipts(3)
            await bench.transport.aclose()
            return problems, bench.delivery

        with running() as server:
            problems, delivery = run(story(server))

        assert len(problems) == 3
        assert delivery.accepted() == server.recipients

    def test_has_each_body_right_before_it_leaves(self, run):
        with running() as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        assert delivery.journal.notes == [
            (mark, number) for number in range(3) for mark in (">", "<")
        ]


class TestClosing:
    """Nothing new, a polite goodbye, a bounded time."""

    def test_gives_back_what_was_not_begun(self, run):
        async def story(server):
            bench = Bench(settings_for(server.port))
            bench.feed(envelopes(100))
            await bench.receipts(3)
            await bench.transport.aclose()
            return bench.delivery

        with running(Script(delay_seconds=0.001)) as server:
            delivery = run(story(server))

        delivery.check(envelopes(100))
        assert set(delivery.answers().values()) == {Answer.ACCEPTED, Answer.UNREACHED}
        assert delivery.accepted() == server.recipients
        assert delivery[99].response == "The transport was closed before this message's turn."
        assert server.commands[-1] == "QUIT"

    def test_does_not_wait_for_ever(self, run):
        async def story(server):
            bench = Bench(settings_for(server.port))
            bench.feed(envelopes(1))
            await waited_for(lambda: "DATA" in server.commands)
            start = time.monotonic()
            await bench.transport.aclose(within=0.2)
            return time.monotonic() - start, bench.delivery

        with running(Script(moves={("BODY", "r0@example.com"): SILENCE})) as server:
            elapsed, delivery = run(story(server))

        assert elapsed < 1.0
        assert delivery[0].answer is Answer.IN_DOUBT

    def test_while_a_connection_is_being_opened_gives_everything_back(self, run):
        async def story(server):
            bench = Bench(settings_for(server.port))
            bench.feed(envelopes(3))
            await waited_for(lambda: server.connections)
            await bench.transport.aclose(within=0.2)
            return bench.delivery

        with running(Script(moves={("CONNECT", ""): SILENCE})) as server:
            delivery = run(story(server))

        delivery.check(envelopes(3))
        assert set(delivery.answers().values()) == {Answer.UNREACHED}

    def test_refuses_what_is_fed_after_it(self, run):
        async def story(server):
            bench = Bench(settings_for(server.port))
            await bench.transport.aclose()
            with pytest.raises(RuntimeError, match="closed"):
                bench.feed(envelopes(1))

        with running() as server:
            run(story(server))
