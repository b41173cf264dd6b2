"""What the check of a route says, and with which code it ends."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from insights.models import RawPayload
from iprouting.models import TransportKind
from sending.arrival import Place
from sending.conf import Door
from tests.factories.campaigns import IdentityFactory, OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from tests.flows.sink import running_sink
from tests.sending.postfix import free_port
from tests.sending.scripted_server import Script, running
from tests.sending.test_listener import Listening

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, SECOND = "127.0.0.2", "127.0.0.3"
DOMAIN = "ip1.bounce.example.com"


@pytest.fixture
def check(capsys):
    """Return what checks an IP and returns what is said, with the code it ends with."""

    def run(address=FIRST, **options):
        given = {"sender": "news@example.com", "seconds": 10, **options}
        try:
            call_command("check_route", address, **given)
        except CommandError as error:
            return error.returncode, str(error)
        return 0, capsys.readouterr().out

    return run


class TestByAListener:
    def send(self, check, **ip):
        port = free_port()
        SendingIPFactory(address=FIRST, transport__port=port, **ip)
        return check(to="me@example.com", listen=Place("127.0.0.1", port))

    def test_sees_the_address(self, check):
        code, said = self.send(check, bind_address=FIRST)

        assert code == 0
        assert f"The receiver saw {FIRST}, as it should be." in said

    def test_sees_another_address(self, check):
        code, said = self.send(check, bind_address=SECOND)

        assert code == 1
        assert f"The receiver saw {SECOND} instead of {FIRST}." in said

    def test_says_what_should_have_chosen_the_address(self, check):
        code, said = self.send(check, header_name="X-Sending-IP", header_value="1")

        assert code == 1
        assert "The receiver saw 127.0.0.1 instead" in said
        assert "X-Sending-IP: 1" in said

    def test_does_not_know_when_the_message_never_comes(self, check):
        with running_sink() as elsewhere:
            SendingIPFactory(address=FIRST, transport__port=elsewhere.port)

            code, said = check(to="me@example.com", listen=Place("127.0.0.1", 0), seconds=0.1)

        assert code == 2
        assert "Nobody has told" in said
        assert len(elsewhere.kept) == 1

    def test_says_when_nothing_can_listen_there(self, check):
        with running_sink() as taken:
            SendingIPFactory(address=FIRST, transport__port=taken.port)

            code, said = check(to="me@example.com", listen=Place("127.0.0.1", taken.port))

        assert code == 2
        assert "Nothing can listen" in said


class TestByTheInbox:
    """The message goes to the IP's return path domain, where `listen_mail` takes it."""

    def send(self, check, **ip):
        with Listening(Door(port=0, name="mx.example")) as listening:
            SendingIPFactory(
                address=FIRST,
                transport__port=listening.port,
                return_path_domain=DOMAIN,
                **ip,
            )
            return check()

    def test_sees_the_address(self, check):
        code, said = self.send(check, bind_address=FIRST)

        assert code == 0
        assert f"from <test@{DOMAIN}> to <route-check-" in said
        assert f"The receiver saw {FIRST}, as it should be." in said

    def test_sees_another_address(self, check):
        code, said = self.send(check, bind_address=SECOND)

        assert (code, "The receiver saw 127.0.0.3" in said) == (1, True)

    def test_leaves_nothing_in_the_inbox(self, check):
        self.send(check, bind_address=FIRST)

        assert not RawPayload.objects.exists()

    def test_does_not_wait_for_what_was_refused(self, check):
        refusal = {("MAIL", f"test@{DOMAIN}"): "550 5.7.1 Not you"}
        with running(Script(moves=refusal)) as server:
            SendingIPFactory(address=FIRST, transport__port=server.port, return_path_domain=DOMAIN)

            code, said = check(seconds=300)

        assert code == 2
        assert "The message was not taken" in said


class TestByTheServer:
    """A server that Mailwright talks to directly may say what it sees."""

    GREETING = {("EHLO", ""): f"250 mx.example at your service, [{FIRST}]"}

    def test_is_believed_where_mailwright_chooses_the_address(self, check):
        with running(Script(moves=self.GREETING)) as server:
            SendingIPFactory(address=FIRST, transport__port=server.port, bind_address=FIRST)

            code, said = check(to="me@example.com")

        assert (code, f"The receiver saw {FIRST}" in said) == (0, True)

    def test_tells_nothing_where_a_relay_chooses_it(self, check):
        with running(Script(moves=self.GREETING)) as server:
            SendingIPFactory(address=FIRST, transport__port=server.port)

            code, said = check(to="me@example.com")

        assert code == 2
        assert "topmost “Received” line" in said


class TestWhichIP:
    @pytest.fixture
    def port(self):
        with running_sink() as sink:
            yield sink.port

    def test_is_said_to_be_unknown(self, check):
        assert check("203.0.113.9") == (2, "There is no sending IP 203.0.113.9.")

    def test_may_be_told_by_its_organization(self, check, port):
        ips = [SendingIPFactory(address=FIRST, transport__port=port) for _ in range(2)]

        code, said = check(to="me@example.com")
        assert (code, "several" in said) == (2, True)
        _, said = check(to="me@example.com", org=ips[0].organization.slug)
        assert "Nobody has told" in said

    def test_may_not_belong_to_a_commercial_provider(self, check):
        SendingIPFactory(address=FIRST, transport__kind=TransportKind.ANYMAIL)

        code, said = check(to="me@example.com")

        assert code == 2
        assert "A commercial provider chooses" in said

    def test_needs_somebody_to_write_to(self, check):
        SendingIPFactory(address=FIRST)

        code, said = check()

        assert (code, "say to whom" in said) == (2, True)

    def test_writes_as_an_identity_of_its_stream(self, check):
        organization = OrganizationFactory()
        IdentityFactory(organization=organization, from_address="news@news.example.com")
        with running_sink() as sink:
            SendingIPFactory(organization=organization, address=FIRST, transport__port=sink.port)
            check(to="me@example.com", sender="")

        assert sink.kept[0].mail_from == "news@news.example.com"
