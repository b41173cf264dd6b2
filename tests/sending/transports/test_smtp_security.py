"""Encryption and login, and no mail where they cannot be had."""

from __future__ import annotations

import ssl

import pytest
import trustme

from sending.transports.base import Answer, Stage
from sending.transports.smtp import TlsMode
from tests.sending.scripted_server import Script, running
from tests.sending.transports.delivering import delivered, envelopes, failure, settings_for

LOGINS = {"mailer": "s3cret-pässword"}


@pytest.fixture(scope="module")
def authority():
    """Return a certificate authority of our own."""
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    """Return the path of its certificate."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="module")
def server_tls(authority):
    """Return the TLS side of a server that is 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


class TestEncryption:
    """TLS where it is wanted, and no mail where it cannot be had."""

    @pytest.mark.parametrize("mode", [TlsMode.STARTTLS, TlsMode.STARTTLS_IF_OFFERED])
    def test_begins_with_starttls(self, run, server_tls, ca_file, mode):
        with running(Script(tls=server_tls)) as server:
            settings = settings_for(server.port, tls=mode, ca_file=ca_file)
            delivery = run(delivered(settings, envelopes(20)))

        assert server.recipients == delivery.accepted()
        assert server.commands[:3] == ["EHLO client.example", "STARTTLS", "EHLO client.example"]

    def test_begins_at_once_where_it_is_implicit(self, run, server_tls, ca_file):
        with running(Script(tls=server_tls, implicit_tls=True)) as server:
            settings = settings_for(server.port, tls=TlsMode.IMPLICIT, ca_file=ca_file)
            delivery = run(delivered(settings, envelopes(20)))

        assert server.recipients == delivery.accepted()
        assert "STARTTLS" not in server.commands

    def test_carries_long_messages(self, run, server_tls, ca_file):
        messages = envelopes(3)
        text = b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 100_000
        with running(Script(tls=server_tls)) as server:
            settings = settings_for(server.port, tls=TlsMode.STARTTLS, ca_file=ca_file)
            long = [
                type(one)(one.recipient_id, one.mail_from, one.rcpt_to, text) for one in messages
            ]
            run(delivered(settings, long))

        assert [taken.data for taken in server.accepted] == [text] * 3

    def test_is_left_out_where_it_is_not_offered(self, run):
        with running() as server:
            settings = settings_for(server.port, tls=TlsMode.STARTTLS_IF_OFFERED)
            delivery = run(delivered(settings, envelopes(2)))

        assert server.recipients == delivery.accepted() != []

    def test_is_left_out_where_it_is_not_wanted(self, run, server_tls):
        with running(Script(tls=server_tls)) as server:
            run(delivered(settings_for(server.port), envelopes(1)))

        assert "STARTTLS" not in server.commands

    def test_is_never_given_up_where_it_is_demanded(self, run):
        with running() as server:
            receipt = failure(run, settings_for(server.port, tls=TlsMode.STARTTLS))

        assert receipt.stage is Stage.TLS
        assert receipt.response == (
            "The server does not offer STARTTLS, which the settings demand."
        )
        assert not any(command.startswith("MAIL") for command in server.commands)

    @pytest.mark.parametrize("implicit", [True, False])
    def test_ends_at_a_certificate_of_an_unknown_authority(self, run, server_tls, implicit):
        mode = TlsMode.IMPLICIT if implicit else TlsMode.STARTTLS
        with running(Script(tls=server_tls, implicit_tls=implicit)) as server:
            receipt = failure(run, settings_for(server.port, tls=mode))

        assert receipt.stage is Stage.TLS
        assert receipt.response.startswith("The server's certificate was not accepted: ")
        assert server.connections <= 1

    def test_ends_at_a_certificate_of_another_name(self, run, authority, ca_file):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("mail.example.org").configure_cert(context)
        with running(Script(tls=context)) as server:
            settings = settings_for(server.port, tls=TlsMode.STARTTLS, ca_file=ca_file)
            receipt = failure(run, settings)

        assert receipt.stage is Stage.TLS
        assert "127.0.0.1" in receipt.response

    def test_takes_any_certificate_where_the_settings_say_so(self, run, server_tls):
        with running(Script(tls=server_tls)) as server:
            settings = settings_for(server.port, tls=TlsMode.STARTTLS, verify_certificate=False)
            delivery = run(delivered(settings, envelopes(2)))

        assert server.recipients == delivery.accepted() != []

    def test_ends_where_the_server_speaks_no_tls(self, run):
        with running() as server:
            receipt = failure(run, settings_for(server.port, tls=TlsMode.IMPLICIT))

        assert receipt.stage is Stage.TLS
        assert "TLS" in receipt.response

    def test_ends_where_the_authorities_cannot_be_read(self, run, server_tls):
        with running(Script(tls=server_tls)) as server:
            settings = settings_for(server.port, tls=TlsMode.STARTTLS, ca_file="/nowhere/ca.pem")
            receipt = failure(run, settings)

        assert receipt.stage is Stage.TLS
        assert "/nowhere/ca.pem" in receipt.response

    def test_refuses_words_smuggled_in_before_it(self, run, server_tls, ca_file):
        moves = {("STARTTLS", ""): "220 2.0.0 Ready\n250 2.0.0 Injected"}
        with running(Script(tls=server_tls, moves=moves)) as server:
            settings = settings_for(server.port, tls=TlsMode.STARTTLS, ca_file=ca_file)
            receipt = failure(run, settings)

        assert receipt.stage is Stage.TLS
        assert "unencrypted text" in receipt.response

    def test_keeps_the_servers_words_when_it_refuses(self, run, server_tls, ca_file):
        moves = {("STARTTLS", ""): "454 4.7.0 TLS not available due to local problem"}
        with running(Script(tls=server_tls, moves=moves)) as server:
            settings = settings_for(server.port, tls=TlsMode.STARTTLS, ca_file=ca_file)
            receipt = failure(run, settings)

        assert (receipt.stage, receipt.code) == (Stage.TLS, 454)
        assert receipt.response == "4.7.0 TLS not available due to local problem"


class TestLogin:
    """A user name and a password."""

    @pytest.mark.parametrize("mechanisms", ["AUTH PLAIN LOGIN", "AUTH LOGIN", "AUTH=LOGIN"])
    def test_is_done_by_what_the_server_offers(self, run, mechanisms):
        script = Script(keywords=("PIPELINING", mechanisms), logins=LOGINS, offers_auth=False)
        with running(script) as server:
            settings = settings_for(server.port, username="mailer", password=LOGINS["mailer"])
            delivery = run(delivered(settings, envelopes(3)))

        assert server.recipients == delivery.accepted() != []

    def test_follows_the_encryption(self, run, server_tls, ca_file):
        with running(Script(tls=server_tls, logins=LOGINS)) as server:
            settings = settings_for(
                server.port,
                tls=TlsMode.STARTTLS,
                ca_file=ca_file,
                username="mailer",
                password=LOGINS["mailer"],
            )
            run(delivered(settings, envelopes(1)))

        verbs = [command.split()[0] for command in server.commands]
        assert verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
        assert server.recipients == ["r0@example.com"]

    def test_with_a_wrong_password_is_tried_once_and_told_in_the_servers_words(self, run, caplog):
        with running(Script(logins=LOGINS)) as server:
            settings = settings_for(
                server.port, username="mailer", password="wr0ng-pw", connections=4
            )
            receipt = failure(run, settings)

        assert (receipt.stage, receipt.code) == (Stage.AUTH, 535)
        assert receipt.response == "5.7.8 Error: authentication failed"
        assert receipt.enhanced_code == "5.7.8"
        assert sum(command.startswith("AUTH") for command in server.commands) == 1
        assert "authentication failed" in caplog.text
        assert "wr0ng-pw" not in caplog.text + repr(settings)

    def test_is_impossible_where_it_is_not_offered(self, run):
        with running() as server:
            settings = settings_for(server.port, username="mailer", password="x")
            receipt = failure(run, settings)

        assert receipt.stage is Stage.AUTH
        assert receipt.response == (
            "The server offers neither AUTH PLAIN nor AUTH LOGIN (offered: none)."
        )

    def test_that_is_demanded_later_is_told_in_the_servers_words(self, run):
        with running(Script(logins=LOGINS)) as server:
            delivery = run(delivered(settings_for(server.port), envelopes(2)))

        assert delivery[0].answer is Answer.REFUSED
        assert delivery[0].response == "5.7.0 Authentication required"
