"""The engine against servers that were not written for it: Postfix, and its smtp-sink."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import time

import pytest
import trustme

from sending.transports.base import Answer, Stage
from sending.transports.dialogue import send_one
from sending.transports.smtp import Pipelining, TlsMode
from tests.sending.postfix import free_port, running_postfix
from tests.sending.scripted_server import running
from tests.sending.transports.delivering import (
    NOON,
    delivered,
    envelope,
    envelopes,
    settings_for,
)

REFUSALS = {
    "r3@example.com": "550 5.1.1 No such user here",
    "r7@example.com": "452 4.2.2 Mailbox full",
    "r8@example.com": "550 5.7.1 Blocked",
}
MANY_REFUSALS = {f"r{number}@example.com": f"550 5.1.1 No r{number}" for number in range(4, 24)}


@pytest.fixture(scope="module")
def program(needs_program):
    """Return the path of Postfix, or skip the test."""
    path = needs_program("postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix can only be started by root.")
    return path


@pytest.fixture(scope="module")
def server_behind():
    """Return a server that Postfix hands everything on to."""
    with running() as server:
        yield server


@pytest.fixture
def next_hop(server_behind):
    """Return the same server with nothing taken yet."""
    server_behind.accepted.clear()
    return server_behind


@pytest.fixture(scope="module")
def relay(program, server_behind):
    """Return an ordinary Postfix."""
    with running_postfix(program, next_hop_port=server_behind.port, refusals=REFUSALS) as postfix:
        yield postfix


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Return the folder of a certificate for 127.0.0.1 and of its authority."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    server = authority.issue_cert("127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return folder


@pytest.fixture(scope="module")
def strict_relay(program, server_behind, certificates):
    """Return a Postfix that demands TLS, takes only short messages and soon loses patience."""
    options = {
        "smtpd_tls_security_level": "encrypt",
        "smtpd_tls_chain_files": str(certificates / "server.pem"),
        "message_size_limit": "5000",
        "smtpd_hard_error_limit": "5",
        "smtpd_error_sleep_time": "0",
    }
    with running_postfix(
        program, next_hop_port=server_behind.port, refusals=MANY_REFUSALS, options=options
    ) as postfix:
        yield postfix


@pytest.fixture
def encrypted(strict_relay, certificates):
    """Return settings for the strict one."""
    return settings_for(
        strict_relay.port, tls=TlsMode.STARTTLS, ca_file=str(certificates / "ca.pem")
    )


def arrived(next_hop, count):
    """Return who got mail from Postfix, once that are so many."""
    end = time.monotonic() + 10
    while len(next_hop.accepted) < count:
        assert time.monotonic() < end
        time.sleep(0.02)
    return next_hop.recipients


class TestPostfix:
    """Speaks SMTP as the world does."""

    @pytest.mark.parametrize("pipelining", Pipelining)
    def test_answers_each_message(self, run, relay, next_hop, pipelining):
        settings = settings_for(relay.port, connections=4, pipelining=pipelining)
        delivery = run(delivered(settings, envelopes(40)))
        recipients = arrived(next_hop, 37)

        assert recipients == delivery.accepted()
        assert len(recipients) == 37
        assert (delivery[3].answer, delivery[3].stage) == (Answer.REFUSED, Stage.RCPT)
        assert delivery[3].code == 550
        assert delivery[3].response == (
            "5.1.1 <r3@example.com>: Recipient address rejected: No such user here"
        )
        assert (delivery[7].answer, delivery[7].enhanced_code) == (Answer.DEFERRED, "4.2.2")
        for receipt in delivery.receipts:
            if receipt.answer is Answer.ACCEPTED:
                line = rf"{receipt.queue_id}: to=<r{receipt.recipient_id}@"
                assert re.search(line, relay.log())

    def test_gets_the_messages_as_they_are(self, run, relay, next_hop):
        text = b"Subject: dots\r\n\r\n.\r\n..\r\n.hidden\r\n\r\n" + b"0123456789" * 7 + b"\r\n"
        long = b"Subject: long\r\n\r\n" + (b"0123456789" * 7 + b"\r\n") * 20_000
        fed = [envelope(0, data=text), envelope(1, data=long), envelope(2)]
        run(delivered(settings_for(relay.port), fed))
        arrived(next_hop, 3)

        by_recipient = {one.rcpt_to: one for one in next_hop.accepted}
        for one in fed:
            taken = by_recipient[one.rcpt_to]
            assert taken.mail_from == one.mail_from
            assert taken.data.endswith(one.data.partition(b"\r\n\r\n")[2])

    def test_shows_its_dialogue(self, run, relay):
        result = run(send_one(settings_for(relay.port), envelope(1), clock=lambda: NOON))

        assert result.receipt.answer is Answer.ACCEPTED
        assert result.lines[0].text == "220 relay.example ESMTP Postfix"
        assert result.lines[-1].text == "221 2.0.0 Bye"

    @pytest.mark.parametrize("pipelining", Pipelining)
    def test_that_loses_patience_costs_no_message(
        self, run, strict_relay, encrypted, next_hop, pipelining
    ):
        settings = dataclasses.replace(encrypted, pipelining=pipelining)
        delivery = run(delivered(settings, envelopes(30)))
        recipients = arrived(next_hop, 10)

        assert "too many errors" in strict_relay.log()
        assert recipients == delivery.accepted()
        for receipt in delivery.receipts:
            if 4 <= receipt.recipient_id < 24:
                assert receipt.response.endswith(f"rejected: No r{receipt.recipient_id}")
            else:
                assert receipt.answer is Answer.ACCEPTED

    def test_names_its_size_limit(self, run, encrypted):
        fed = [envelope(1), envelope(2, data=b"x: y\r\n\r\n" + b"z" * 70 + b"\r\n" * 4000)]
        delivery = run(delivered(encrypted, fed))

        assert delivery[1].answer is Answer.ACCEPTED
        assert delivery[2].answer is Answer.REFUSED
        assert (
            delivery[2].response == "The message has 8,078 bytes; the server takes at most 5,000."
        )

    def test_demands_encryption_in_its_own_words(self, run, strict_relay):
        delivery = run(delivered(settings_for(strict_relay.port), [envelope(1)]))

        assert (delivery[1].answer, delivery[1].code) == (Answer.REFUSED, 530)
        assert delivery[1].response == "5.7.0 Must issue a STARTTLS command first"


class TestSmtpSink:
    """Takes everything at great speed."""

    def test_takes_thousands(self, run, needs_program):
        port = free_port()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [needs_program("smtp-sink"), *user, f"127.0.0.1:{port}", "64"]
        with subprocess.Popen(command) as sink:
            try:
                delivery = run(delivered(settings_for(port, connections=16), envelopes(3000)))
            finally:
                sink.terminate()

        assert set(delivery.answers().values()) == {Answer.ACCEPTED}
