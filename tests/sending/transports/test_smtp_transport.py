"""What the transport does with its work and its connections."""

from __future__ import annotations

import asyncio
import errno
import itertools
import time

import pytest

from sending.transports.base import Answer, Envelope, Stage
from sending.transports.smtp import line
from tests.sending.scripted_server import DROP, SILENCE, Script, running
from tests.sending.transports.delivering import (
    Bench,
    delivered,
    envelope,
    envelopes,
    settings_for,
)

LONG_TEXT = b"Subject: long\r\n\r\n" + b"0123456789" * 7 + b"\r\n"
LONG_TEXT += LONG_TEXT * 150_000

NO_WORDS = [
    "a@example.com\r\nRCPT TO:<evil@example.com>",
    "a@example.com\n",
    "a@example.com\r",
    "a b@example.com",
    "<a@example.com>",
    "a@example.com> ORCPT=x",
    "a\0@example.com",
    "a\x7f@example.com",
    "ä@example.com",
    "a@exa\u2028mple.com",
]


async def waited_for(condition, *, seconds=5.0):
    """Return once the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


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


class TestMessages:
    """What is put on the wire."""

    @pytest.mark.parametrize(
        "text",
        [
            b".\r\n",
            b"..\r\n.\r\n...\r\n",
            b"a\r\n.\r\nb\r\n",
            b"Subject: x\r\n\r\n.leading\r\nno . inner\r\n",
        ],
    )
    def test_keep_their_dots(self, run, text):
        with running() as server:
            run(delivered(settings_for(server.port), [envelope(0, data=text), envelope(1)]))

        assert server.accepted[0].data == text
        assert len(server.accepted) == 2

    def test_that_do_not_end_in_a_line_end_get_one(self, run):
        with running() as server:
            run(delivered(settings_for(server.port), [envelope(0, data=b"no end")]))

        assert server.accepted[0].data == b"no end\r\n"

    def test_name_their_size_where_that_is_offered(self, run):
        with running(Script(keywords=("PIPELINING", "SIZE 1000"))) as server:
            run(delivered(settings_for(server.port), [envelope(0, data=b"x" * 298 + b"\r\n")]))

        assert "MAIL FROM:<b0@bounce.example.com> SIZE=300" in server.commands

    @pytest.mark.parametrize("keyword", ["SIZE", "SIZE 0"])
    def test_may_have_any_size_where_no_limit_is_named(self, run, keyword):
        with running(Script(keywords=("PIPELINING", keyword))) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(1)))

        assert delivery[0].answer is Answer.ACCEPTED

    def test_beyond_the_size_limit_are_refused_without_a_word(self, run):
        fed = [envelope(0), envelope(1, data=b"x" * 1099 + b"\r\n"), envelope(2)]
        with running(Script(keywords=("PIPELINING", "SIZE 1000"))) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        receipt = delivery[1]
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.REFUSED, Stage.MAIL, None)
        assert receipt.response == "The message has 1,101 bytes; the server takes at most 1,000."
        assert not any("b1@" in command for command in server.commands)
        assert delivery.accepted() == server.recipients == ["r0@example.com", "r2@example.com"]

    @pytest.mark.parametrize(
        ("field", "address"),
        [*itertools.product(("rcpt_to", "mail_from"), NO_WORDS), ("rcpt_to", "")],
    )
    def test_with_an_address_that_is_no_word_are_refused_without_a_word(self, run, field, address):
        addresses = {"rcpt_to": "r1@example.com", "mail_from": "b1@example.com"} | {field: address}
        fed = [envelope(0), Envelope(recipient_id=1, data=b"x\r\n", **addresses), envelope(2)]
        with running() as server:
            delivery = run(delivered(settings_for(server.port), fed))

        receipt = delivery[1]
        stage = Stage.RCPT if field == "rcpt_to" else Stage.MAIL
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.REFUSED, stage, None)
        assert "was not given to the server" in receipt.response
        assert receipt.response.isprintable()
        assert delivery.accepted() == server.recipients == ["r0@example.com", "r2@example.com"]
        assert len([one for one in server.commands if one.startswith("RCPT")]) == 2

    def test_may_have_the_null_return_path(self, run):
        fed = [Envelope(recipient_id=0, mail_from="", rcpt_to="r0@example.com", data=b"x\r\n")]
        with running() as server:
            delivery = run(delivered(settings_for(server.port), fed))

        assert delivery[0].answer is Answer.ACCEPTED
        assert server.accepted[0].mail_from == ""


class TestLongMessages:
    """Larger than what the kernel takes at once."""

    @pytest.mark.parametrize("keywords", [("PIPELINING",), ()])
    def test_arrive_whole_and_in_order(self, run, keywords):
        fed = [envelope(0), envelope(1, data=LONG_TEXT), envelope(2), envelope(3, data=LONG_TEXT)]
        with running(Script(keywords=keywords)) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        assert delivery.accepted() == server.recipients
        assert [taken.data == LONG_TEXT for taken in server.accepted] == [False, True, False, True]

    def test_that_did_not_leave_entirely_are_not_in_doubt(self, run):
        moves = {("MIDBODY", "r0@example.com"): [DROP]}
        fed = [envelope(0, data=LONG_TEXT), envelope(1)]
        with running(Script(moves=moves)) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        assert delivery.answers() == {0: Answer.ACCEPTED, 1: Answer.ACCEPTED}
        assert server.recipients == delivery.accepted()

    def test_may_be_refused_before_their_end(self, run):
        moves = {("MIDBODY", "r0@example.com"): ["552 5.3.4 Too long"]}
        fed = [envelope(0, data=LONG_TEXT), envelope(1)]
        with running(Script(moves=moves)) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        receipt = delivery[0]
        assert (receipt.answer, receipt.stage, receipt.code) == (Answer.REFUSED, Stage.BODY, 552)
        assert delivery[1].answer is Answer.ACCEPTED

    def test_may_be_deferred_by_a_421_before_their_end(self, run):
        moves = {("MIDBODY", "r0@example.com"): ["421 4.3.2 Stopping"]}
        fed = [envelope(0, data=LONG_TEXT), envelope(1)]
        with running(Script(moves=moves)) as server:
            delivery = run(delivered(settings_for(server.port), fed))

        assert (delivery[0].answer, delivery[0].code) == (Answer.DEFERRED, 421)
        assert delivery[1].answer is Answer.ACCEPTED


class TestTimeouts:
    """A server that says nothing more is as good as gone."""

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    def test_before_the_body_send_it_over_another_connection(self, run, step):
        address = "b1@bounce.example.com" if step == "MAIL" else "r1@example.com"
        with running(Script(moves={(step, address): [SILENCE]})) as server:
            settings = settings_for(server.port, reply_timeout=0.2)
            delivery = run(delivered(settings, envelopes(3)))

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        assert delivery.accepted() == server.recipients

    def test_after_the_body_leave_it_in_doubt(self, run):
        with running(Script(moves={("BODY", "r1@example.com"): [SILENCE]})) as server:
            settings = settings_for(server.port, body_timeout=0.2)
            delivery = run(delivered(settings, envelopes(3)))

        assert delivery[1].answer is Answer.IN_DOUBT
        assert delivery[1].response.startswith("The server did not answer within 0.2 seconds.")
        assert delivery.accepted() == server.recipients

    def test_are_not_put_off_by_a_reply_that_never_ends(self, run):
        words = "250-first\n250-and so on"
        with running(Script(keywords=(), moves={("BODY", "r0@example.com"): [words]})) as server:
            settings = settings_for(server.port, body_timeout=0.3)
            delivery = run(delivered(settings, envelopes(2)))

        assert delivery[0].answer is Answer.IN_DOUBT
        assert delivery[1].answer is Answer.ACCEPTED


class TestConnections:
    """They are kept, replaced, paced and left politely."""

    def test_stay_open_between_feeds(self, run):
        async def story(server):
            bench = Bench(settings_for(server.port))
            for number in range(5):
                bench.feed([envelope(number)])
                await bench.receipts(number + 1)
                await asyncio.sleep(0.01)
            await bench.transport.aclose()
            return bench.delivery

        with running() as server:
            delivery = run(story(server))

        assert delivery.accepted() == server.recipients
        assert server.connections == 1
        assert server.commands[-1] == "QUIT"

    @pytest.mark.parametrize("keywords", [("PIPELINING",), ()])
    def test_are_replaced_after_their_share_of_messages(self, run, keywords):
        with running(Script(keywords=keywords)) as server:
            settings = settings_for(server.port, messages_per_connection=3)
            delivery = run(delivered(settings, envelopes(10)))

        assert delivery.accepted() == server.recipients
        assert server.connections == 4
        assert server.most_at_once == 1
        assert server.commands.count("QUIT") == 4

    @pytest.mark.parametrize("words", ["421 4.4.2 Timeout exceeded", None])
    def test_closed_by_an_idle_server_are_opened_again(self, run, words):
        async def story(server):
            bench = Bench(settings_for(server.port))
            bench.feed([envelope(0)])
            await bench.receipts(1)
            server.say_to_all(words) if words else server.cut_all()
            await asyncio.sleep(0.1)
            bench.feed([envelope(1)])
            await bench.receipts(2)
            await bench.transport.aclose()
            return bench.delivery

        with running() as server:
            delivery = run(story(server))

        assert delivery.answers() == {0: Answer.ACCEPTED, 1: Answer.ACCEPTED}
        assert server.connections == 2

    @pytest.mark.parametrize("words", ["421 4.4.2 Timeout exceeded", None])
    def test_closed_while_we_did_not_listen_cost_no_message(self, run, words):
        async def story(server):
            bench = Bench(settings_for(server.port))
            bench.feed([envelope(0)])
            await bench.receipts(1)
            server.say_to_all(words) if words else server.cut_all()
            time.sleep(1.2)  # the event loop is busy with something else
            bench.feed([envelope(1)])
            await bench.receipts(2)
            await bench.transport.aclose()
            return bench.delivery

        with running() as server:
            delivery = run(story(server))

        assert delivery.answers() == {0: Answer.ACCEPTED, 1: Answer.ACCEPTED}
        assert server.recipients == delivery.accepted()

    def test_idle_for_long_are_left_politely(self, run, monkeypatch):
        monkeypatch.setattr(line, "IDLE_SECONDS", 0.1)

        async def story(server):
            bench = Bench(settings_for(server.port))
            bench.feed([envelope(0)])
            await bench.receipts(1)
            await waited_for(lambda: "QUIT" in server.commands)
            bench.feed([envelope(1)])
            await bench.receipts(2)
            await bench.transport.aclose()
            return bench.delivery

        with running() as server:
            delivery = run(story(server))

        assert delivery.accepted() == server.recipients
        assert server.connections == 2

    @pytest.mark.parametrize("connections", [1, 4])
    def test_keep_to_the_rate_together(self, run, connections):
        with running() as server:
            settings = settings_for(server.port, rate_per_second=50, connections=connections)
            start = time.monotonic()
            delivery = run(delivered(settings, envelopes(30)))
            elapsed = time.monotonic() - start

        assert delivery.accepted() == server.recipients
        assert 0.45 < elapsed < 2.0

    def test_bind_to_the_source_address(self, run):
        with running() as server:
            settings = settings_for(server.port, source_address="127.0.0.3", connections=3)
            run(delivered(settings, envelopes(20)))

        assert server.peers == {"127.0.0.3"}

    def test_do_not_pipeline_where_the_settings_say_so(self, run):
        with running() as server:
            settings = settings_for(server.port, pipelining="never")
            server.script.keywords = ("PIPELINING",)
            run(delivered(settings, envelopes(3)))

        verbs = [command.split()[0] for command in server.commands]
        assert verbs == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]

    def test_that_always_break_before_the_first_answer_are_given_up_soon(self, run):
        moves = {("MAIL", f"b{number}@bounce.example.com"): DROP for number in range(40)}
        with running(Script(moves=moves)) as server:
            delivery = run(delivered(settings_for(server.port, connections=4), envelopes(40)))

        assert set(delivery.answers().values()) == {Answer.UNREACHED}
        assert server.connections < 12


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
