"""Mail by SMTP and LMTP: whose is taken, what is stored, what is said when that fails."""

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.checks import run_checks
from django.db import OperationalError, connection

import sending.listener
from insights.models import RawPayload
from sending.conf import Door
from sending.listener import MOST_RECIPIENTS, listen
from sending.pipeline.inbox import read_inbox
from tests.factories.campaigns import (
    IdentityFactory,
    OrganizationFactory,
    SendingDomainFactory,
)
from tests.factories.iprouting import SendingIPFactory
from tests.sending.reporting import NOW, bounce_mail, return_path, sent_row, unsubscribe_mail

pytestmark = pytest.mark.django_db(transaction=True)
STARTED_WITHIN = 20.0  # seconds; on a busy machine
MAIL = (
    b"From: a@b.example\r\nSubject: Hello\r\n\r\n.a dot first\r\n\xff\x00 " + b"x" * 5000 + b"\r\n"
)


class Listening:
    """A server in a thread of its own."""

    def __init__(self, door):
        self.door, self.port = door, 0
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)

    async def run(self):
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        await listen(self.door, clock=lambda: NOW, stop=self.stop, ready=self.begun)

    def begun(self, port):
        self.port = port
        self.ready.set()

    def __enter__(self):
        self.thread.start()
        assert self.ready.wait(STARTED_WITHIN)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(STARTED_WITHIN)
        assert not self.thread.is_alive()


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def door(tmp_path):
    return Door(port=0, name="mx.example")


@contextlib.contextmanager
def client(listening):
    with smtplib.SMTP("127.0.0.1", listening.port, timeout=STARTED_WITHIN) as smtp:
        smtp.command_encoding = "utf-8"
        smtp.ehlo("out.example")
        yield smtp


def codes_of(listening, *addresses):
    with client(listening) as smtp:
        assert smtp.mail("")[0] == 250
        return [smtp.rcpt(address)[0] for address in addresses]


def deliver(smtp, address, mail, sender=""):
    assert smtp.mail(sender)[0] == 250
    assert smtp.rcpt(address)[0] == 250
    return smtp.data(mail)[0]


class TestAddresses:
    def test_are_those_that_belong_to_an_organization(self, organization, door):
        row = sent_row(organization)
        domain = SendingDomainFactory(
            organization=organization, name="acme.example", return_path_domain="b.acme.example"
        )
        IdentityFactory(
            organization=organization,
            domain=domain,
            from_address="news@acme.example",
            reply_to="Answers@acme.example",
        )
        SendingIPFactory(organization=organization, return_path_domain="ip1.acme.example")
        token = unsubscribe_mail(row).split(b"<unsubscribe+")[1].split(b"@")[0].decode()

        with Listening(door) as listening:
            known = codes_of(
                listening,
                return_path(row),
                return_path(row).upper(),
                f"unsubscribe+{token}@anywhere.example",
                "news@acme.example",
                "answers@ACME.example",
                "fbl@b.acme.example",
                "anybody@IP1.acme.example",
            )
            unknown = codes_of(
                listening,
                "somebody@acme.example",
                "anybody@other.example",
                return_path(row).replace("-", "-0", 1),
                "postmaster",
                "a\u00e4@x.example",
            )

        assert known == [250] * 7
        assert unknown == [550] * 5

    def test_of_a_domain_of_two_organizations_need_a_token(self, organization, door):
        row = sent_row(organization)
        shared = return_path(row).partition("@")[2]
        for each in (organization, OrganizationFactory()):
            SendingDomainFactory(organization=each, return_path_domain=shared)

        with Listening(door) as listening:
            assert codes_of(listening, return_path(row), f"fbl@{shared}") == [250, 550]

    def test_are_bounded_in_one_mail(self, organization, door):
        domain = SendingDomainFactory(organization=organization, return_path_domain="b.example")
        addresses = [
            f"p{number}@{domain.return_path_domain}" for number in range(MOST_RECIPIENTS + 1)
        ]

        with Listening(door) as listening:
            assert codes_of(listening, *addresses) == [250] * MOST_RECIPIENTS + [452]


class TestMail:
    def test_is_stored_before_it_is_answered(self, organization, door):
        row = sent_row(organization)

        with Listening(door) as listening, client(listening) as smtp:
            assert deliver(smtp, return_path(row), MAIL, sender="mailer@b.example") == 250

            stored = RawPayload.objects.get()
        said = b"Return-Path: <mailer@b.example>\r\nReceived: from out.example ([127.0.0.1])\r\n"
        when = b" by mx.example with ESMTP; Sat, 21 Nov 2026 05:00:00 +0000\r\n"
        assert bytes(stored.body) == said + when + MAIL
        assert stored.organization == organization
        assert (stored.envelope_to, stored.received_at) == (return_path(row), NOW)

    def test_ends_as_a_bounce(self, organization, door):
        row = sent_row(organization)
        with Listening(door) as listening, client(listening) as smtp:
            deliver(smtp, return_path(row), bounce_mail(row))
            deliver(smtp, return_path(row), bounce_mail(row))

        read_inbox(now=NOW)

        row.refresh_from_db()
        assert (row.state, row.bounce_class) == ("bounced", "hard")
        assert set(RawPayload.objects.values_list("status", flat=True)) == {"read"}

    def test_to_two_organizations_is_stored_for_both(self, organization, door):
        rows = [sent_row(organization), sent_row(OrganizationFactory())]

        with Listening(door) as listening, client(listening) as smtp:
            smtp.sendmail("a@b.example", [return_path(row) for row in rows], MAIL)

        owners = set(RawPayload.objects.values_list("organization", "envelope_to"))
        assert owners == {(row.organization_id, return_path(row)) for row in rows}

    def test_that_is_too_large_is_refused(self, organization, door, monkeypatch):
        monkeypatch.setattr(sending.listener, "LARGEST_MAIL_BYTES", 10_000)
        row = sent_row(organization)

        with Listening(door) as listening, client(listening) as smtp:
            assert smtp.esmtp_features["size"] == "10000"
            assert deliver(smtp, return_path(row), b"x\r\n" * 4000) == 552

        assert not RawPayload.objects.exists()

    def test_may_have_long_lines(self, organization, door):
        row = sent_row(organization)

        with Listening(door) as listening, client(listening) as smtp:
            assert deliver(smtp, return_path(row), b"Subject: x\r\n\r\n" + b"y" * 200_000) == 250

    def test_is_to_be_sent_again_while_the_database_is_away(self, organization, door, monkeypatch):
        row = sent_row(organization)
        store = sending.listener.insights.operations.inbox.store
        asked = sending.listener.sending.queries.addressees.organization_of

        def away(*_args, **_named):
            raise OperationalError("connection refused")

        with Listening(door) as listening, client(listening) as smtp:
            monkeypatch.setattr(sending.listener.insights.operations.inbox, "store", away)
            assert deliver(smtp, return_path(row), MAIL) == 451
            monkeypatch.setattr(sending.listener.insights.operations.inbox, "store", store)
            monkeypatch.setattr(
                sending.listener.sending.queries.addressees, "organization_of", away
            )
            assert smtp.mail("")[0] == 250
            assert smtp.rcpt(return_path(row))[0] == 451
            monkeypatch.setattr(
                sending.listener.sending.queries.addressees, "organization_of", asked
            )
            assert smtp.rset()[0] == 250
            assert deliver(smtp, return_path(row), MAIL) == 250

        assert RawPayload.objects.count() == 1

    def test_is_taken_again_after_its_connection_to_the_database_was_cut(self, organization, door):
        row = sent_row(organization)

        with Listening(door) as listening, client(listening) as smtp:
            deliver(smtp, return_path(row), MAIL)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            answers = [smtp.mail("")[0], smtp.rcpt(return_path(row))[0]]
            smtp.rset()
            again = deliver(smtp, return_path(row), MAIL)

        assert answers[0] == 250
        assert answers[1] in {250, 451}
        assert again == 250
        assert RawPayload.objects.count() == 2


class TestConnections:
    def test_are_bounded(self, organization, door, monkeypatch):
        monkeypatch.setattr(sending.listener, "MOST_CONNECTIONS", 1)

        with Listening(door) as listening:
            with client(listening) as smtp:
                with socket.create_connection(("127.0.0.1", listening.port), 10) as second:
                    assert second.makefile("rb").readline().startswith(b"421 ")
                assert smtp.noop()[0] == 250
            with socket.create_connection(("127.0.0.1", listening.port), 10) as third:
                assert third.makefile("rb").readline()[:4] in {b"220 ", b"421 "}

    def test_may_be_encrypted(self, organization, door, certificate):
        row = sent_row(organization)
        encrypted = replace(door, certificate=certificate)

        with Listening(encrypted) as listening, client(listening) as smtp:
            trusting = ssl.create_default_context(cafile=certificate)
            trusting.check_hostname = False
            assert smtp.starttls(context=trusting)[0] == 220
            smtp.ehlo("out.example")
            assert "auth" not in smtp.esmtp_features
            assert deliver(smtp, return_path(row), MAIL) == 250

        assert RawPayload.objects.count() == 1

    def test_offer_no_encryption_without_a_certificate(self, organization, door):
        with Listening(door) as listening, client(listening) as smtp:
            assert "starttls" not in smtp.esmtp_features


class TestLmtp:
    def test_takes_mail_at_a_socket_file(self, organization, door, tmp_path):
        row = sent_row(organization)
        path = str(tmp_path / "lmtp")

        with Listening(replace(door, socket=path, lmtp=True)), smtplib.LMTP(path) as lmtp:
            lmtp.ehlo("out.example")
            assert lmtp.mail("")[0] == 250
            assert lmtp.rcpt(return_path(row))[0] == 250
            assert lmtp.rcpt("other@b.example")[0] == 452
            assert lmtp.data(MAIL)[0] == 250

        assert RawPayload.objects.get().envelope_to == return_path(row)


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(file)


class TestChecks:
    def found(self, settings, **given):
        settings.MAILWRIGHT = {**settings.MAILWRIGHT, **given}
        return [check.id for check in run_checks() if (check.id or "").startswith("sending.")]

    def test_find_nothing_wrong_at_first(self, settings):
        assert self.found(settings) == []

    def test_find_a_port_that_is_none(self, settings):
        assert self.found(settings, LISTEN_PORT=70_000) == ["sending.E001"]

    def test_find_a_certificate_that_cannot_be_used(self, settings, tmp_path, certificate):
        missing = str(tmp_path / "missing.pem")
        assert self.found(settings, LISTEN_CERTIFICATE=missing) == ["sending.E002"]
        assert self.found(settings, LISTEN_CERTIFICATE=certificate) == []
