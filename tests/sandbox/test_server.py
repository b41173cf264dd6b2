"""The server on real sockets of loopback."""

from __future__ import annotations

import mailbox
import smtplib
import socket
import ssl
import time

import pytest

from sandbox.dialogue import Offer
from sandbox.server import NotLoopbackError, SandboxServer, ServerSettings, require_loopback
from tests.sandbox.running import running_sandbox

TEXT = "Subject: hello\r\n\r\nHi\r\n"


@pytest.fixture
def plain(tmp_path):
    with running_sandbox(ServerSettings(port=0, maildir=tmp_path, slow_seconds=0.2)) as server:
        yield server


class TestRequireLoopback:
    @pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "10.0.0.1", "localhost", ""])
    def test_refuses_what_others_can_reach(self, host):
        with pytest.raises(NotLoopbackError):
            require_loopback((host,))

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1"])
    def test_takes_loopback(self, host):
        require_loopback((host,))

    def test_is_asked_before_anything_listens(self):
        with pytest.raises(NotLoopbackError):
            SandboxServer(ServerSettings(hosts=("127.0.0.1", "0.0.0.0"), port=0))


class TestServer:
    def test_keeps_what_it_took(self, plain, tmp_path):
        with smtplib.SMTP("127.0.0.1", plain.port) as client:
            client.sendmail("a@b.example", ["accept+x@gmail.example"], TEXT)

        (found,) = mailbox.Maildir(tmp_path)
        assert found["Subject"] == "hello"

    def test_refuses_in_the_providers_words(self, plain, tmp_path):
        with (
            smtplib.SMTP("127.0.0.1", plain.port) as client,
            pytest.raises(smtplib.SMTPRecipientsRefused) as caught,
        ):
            client.sendmail("a@b.example", ["unknown+x@gmail.example"], TEXT)

        code, text = caught.value.recipients["unknown+x@gmail.example"]
        assert code == 550
        assert text.startswith(b"5.1.1 The email account that you tried to reach")
        assert not list(mailbox.Maildir(tmp_path))

    def test_sees_the_address_a_client_comes_from(self, plain, tmp_path):
        with smtplib.SMTP(source_address=("127.0.0.3", 0)) as client:
            client.connect("127.0.0.1", plain.port)
            client.sendmail("a@b.example", ["accept+x@gmail.example"], TEXT)

        (found,) = mailbox.Maildir(tmp_path)
        assert "[127.0.0.3]" in found["Received"]

    def test_listens_on_several_addresses(self):
        settings = ServerSettings(hosts=("127.0.0.1", "127.0.0.9"), port=free_port())

        with running_sandbox(settings), smtplib.SMTP("127.0.0.9", settings.port) as client:
            assert client.noop()[0] == 250

    def test_answers_in_order_when_one_mailbox_is_slow(self, plain):
        group = b"".join(
            b"MAIL FROM:<a@b.example>\r\nRCPT TO:<%s@gmail.example>\r\nDATA\r\nx: y\r\n\r\n.\r\n"
            % to
            for to in (b"slow+1", b"accept+2")
        )

        with socket.create_connection(("127.0.0.1", plain.port), timeout=5) as client:
            client.sendall(b"EHLO me.example\r\n" + group + b"QUIT\r\n")
            began = time.monotonic()
            said = b"".join(iter(lambda: client.recv(4096), b"")).decode()

        assert time.monotonic() - began >= 0.2
        assert [line[:3] for line in said.splitlines() if line[3] == " "] == [
            "220", "250", "250", "250", "354", "250", "250", "250", "354", "250", "221",
        ]  # fmt: skip

    def test_hangs_up_without_an_answer_where_asked_for(self, plain, tmp_path):
        with (
            smtplib.SMTP("127.0.0.1", plain.port) as client,
            pytest.raises(smtplib.SMTPServerDisconnected),
        ):
            client.sendmail("a@b.example", ["drop+x@gmail.example"], TEXT)

        assert len(list(mailbox.Maildir(tmp_path))) == 1

    def test_survives_a_client_that_goes_away(self, plain):
        with socket.create_connection(("127.0.0.1", plain.port)) as client:
            client.sendall(b"EHLO me.example\r\nMAIL FROM:<a@b")

        with smtplib.SMTP("127.0.0.1", plain.port) as client:
            assert client.noop()[0] == 250

    def test_encrypts_and_asks_for_a_login(self, tmp_path):
        settings = ServerSettings(
            port=0, maildir=tmp_path, offer=Offer(starttls=True, credentials="user:s3cret")
        )
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        with running_sandbox(settings) as server, smtplib.SMTP("127.0.0.1", server.port) as client:
            client.starttls(context=context)
            client.login("user", "s3cret")
            client.sendmail("a@b.example", ["accept+x@gmail.example"], TEXT)

        assert len(list(mailbox.Maildir(tmp_path))) == 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
