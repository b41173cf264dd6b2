"""Connections are kept, replaced, paced, given up and left politely."""

from __future__ import annotations

import asyncio
import time

import pytest

from sending.transports.base import Answer
from sending.transports.smtp import line
from tests.sending.scripted_server import DROP, SILENCE, Script, running
from tests.sending.transports.delivering import (
    Bench,
    delivered,
    envelope,
    envelopes,
    settings_for,
    waited_for,
)


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
