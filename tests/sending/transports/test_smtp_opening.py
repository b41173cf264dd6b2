"""From nothing to a connection that takes mail, and what is said when none comes about."""

from __future__ import annotations

import socket
import time

import pytest

from sending.transports.base import Answer, Stage
from tests.sending.scripted_server import DROP, SILENCE, Script, running
from tests.sending.transports.delivering import Bench, delivered, envelopes, failure, settings_for


class TestFailure:
    """Nobody answers, or not as hoped."""

    def test_of_a_server_that_is_down_is_told_soon(self, run):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]

        start = time.monotonic()
        receipt = failure(run, settings_for(port, connections=8))

        assert time.monotonic() - start < 3
        assert (receipt.stage, receipt.code) == (Stage.CONNECT, None)
        assert receipt.response.startswith(f"No connection to 127.0.0.1 port {port}: ")
        assert "refused" in receipt.response

    def test_of_a_name_that_does_not_exist_is_told(self, run):
        receipt = failure(run, settings_for(25, host="no..such..host"))

        assert receipt.stage is Stage.CONNECT
        assert receipt.response.startswith("No connection to no..such..host port 25: ")

    def test_of_a_source_address_that_is_not_ours_is_told(self, run):
        with running() as server:
            receipt = failure(run, settings_for(server.port, source_address="::1"))

        assert receipt.stage is Stage.CONNECT
        assert receipt.response.startswith("No connection from ::1 to 127.0.0.1 port ")

    @pytest.mark.parametrize(
        ("moves", "stage", "code", "response", "tries"),
        [
            ({("CONNECT", ""): "554 5.7.1 Go away"}, Stage.GREETING, 554, "5.7.1 Go away", 1),
            ({("CONNECT", ""): "421 4.3.2 Busy"}, Stage.GREETING, 421, "4.3.2 Busy", 3),
            ({("CONNECT", ""): DROP}, Stage.GREETING, None, "", 3),
            ({("CONNECT", ""): "SSH-2.0-OpenSSH"}, Stage.GREETING, None, "no SMTP reply", 3),
            ({("EHLO", ""): "550 5.7.1 Bad name"}, Stage.EHLO, 550, "5.7.1 Bad name", 1),
            ({("EHLO", ""): "421 4.7.0 Later"}, Stage.EHLO, 421, "4.7.0 Later", 3),
        ],
    )
    def test_to_open_is_told_with_its_step(self, run, moves, stage, code, response, tries):
        with running(Script(moves=moves)) as server:
            receipt = failure(run, settings_for(server.port, connections=4))

        assert (receipt.stage, receipt.code) == (stage, code)
        assert response in receipt.response
        assert server.connections == tries

    def test_to_greet_in_time_is_told(self, run):
        with running(Script(moves={("CONNECT", ""): SILENCE})) as server:
            receipt = failure(run, settings_for(server.port, reply_timeout=0.2))

        assert receipt.stage is Stage.GREETING
        assert receipt.response == "The server did not answer within 0.2 seconds."

    def test_once_is_made_good_by_the_next_attempt(self, run):
        with running(Script(moves={("CONNECT", ""): ["421 4.3.2 Busy", DROP]})) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        assert server.recipients == delivery.accepted() != []
        assert server.connections == 3

    def test_does_not_stick(self, run):
        async def story():
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            bench = Bench(settings_for(port))
            first, second = envelopes(2)
            bench.feed([first])
            await bench.receipts(1)
            with running(port=port) as server:
                bench.feed([second])
                await bench.receipts(2)
                await bench.transport.aclose()
                return bench.delivery, server.recipients

        delivery, recipients = run(story())

        assert delivery.answers() == {0: Answer.UNREACHED, 1: Answer.ACCEPTED}
        assert recipients == ["r1@example.com"]

    def test_that_lasts_is_probed_once_by_what_is_fed_later(self, run):
        async def story(server):
            bench = Bench(settings_for(server.port))
            first, second = envelopes(2)
            bench.feed([first])
            await bench.receipts(1)
            tries = server.connections
            bench.feed([second])
            await bench.receipts(2)
            await bench.transport.aclose()
            return tries, server.connections - tries

        with running(Script(moves={("CONNECT", ""): "421 4.3.2 Busy"})) as server:
            assert run(story(server)) == (3, 1)

    def test_of_further_connections_does_not_disturb_the_first(self, run):
        moves = {("CONNECT", ""): ["220 ok", "421 4.7.0 Too many", "421 4.7.0 Too many"]}
        with running(Script(moves=moves, delay_seconds=0.005)) as server:
            delivery = run(delivered(settings_for(server.port, connections=3), envelopes(30)))

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
        assert server.recipients == delivery.accepted()


class TestGreeting:
    """What we call ourselves."""

    def test_falls_back_to_helo(self, run):
        with running(Script(knows_ehlo=False)) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(3)))

        assert server.commands[:2] == ["EHLO client.example", "HELO client.example"]
        assert server.recipients == delivery.accepted() != []

    def test_is_the_address_where_no_name_is_set(self, run):
        with running() as server:
            settings = settings_for(server.port, helo_name="", source_address="127.0.0.7")
            run(delivered(settings, envelopes(1)))

        assert server.commands[0] == "EHLO [127.0.0.7]"
        assert server.peers == {"127.0.0.7"}
