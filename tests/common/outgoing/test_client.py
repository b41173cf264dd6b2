import ipaddress
import ssl
import time

import dns.resolver
import pytest
import trustme
from dnslib import QTYPE, RR, A
from dnslib.server import BaseResolver, DNSServer

from common.outgoing import Limits, OutgoingClient, OutgoingError
from tests.receiving import receiving

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
ONE_HOST = (ipaddress.ip_network("127.0.0.1/32"),)
QUICK = Limits(seconds=0.6, answer_bytes=1_000)


@pytest.fixture
def client():
    return OutgoingClient(networks=LOOPBACK)


@pytest.fixture
def receiver():
    with receiving() as running:
        yield running


class Names(BaseResolver):
    """Answers with one set of addresses after the other; the last one stays."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    def resolve(self, request, _handler):
        reply = request.reply()
        if request.q.qtype == QTYPE.A:
            self.asked += 1
            addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            for address in addresses:
                reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(address), ttl=0))
        return reply


@pytest.fixture
def names():
    """Return a function that starts a name server and gives a resolver that asks it."""
    running = []

    def serve(answers):
        server = DNSServer(answers, port=0, address="127.0.0.1")
        server.start_thread()
        running.append(server)
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = server.server.server_address[1]
        return resolver

    yield serve
    for server in running:
        server.stop()
        server.server.server_close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


class TestRequest:
    def test_sends_what_it_is_given(self, client, receiver):
        receiver.status, receiver.headers, receiver.answer = 201, {"X-Told": "yes"}, b"thanks"

        answer = client.request("POST", receiver.url, headers={"X-A": "b"}, body=b"hello")

        assert (answer.status, answer.headers["x-told"], answer.body) == (201, "yes", b"thanks")
        (heard,) = receiver.heard
        assert (heard.path, heard.body, heard.headers["x-a"]) == ("/events", b"hello", "b")
        assert heard.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert "cookie" not in heard.headers
        assert "authorization" not in heard.headers

    def test_takes_no_proxy_from_the_environment(self, client, receiver, monkeypatch):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")

        assert client.request("POST", receiver.url).status == 200

    def test_follows_no_redirect(self, client, receiver):
        with receiving("127.0.0.2") as other:
            receiver.status, receiver.headers = 302, {"Location": other.url}

            answer = client.request("POST", receiver.url)

        assert answer.status == 302
        assert other.heard == []

    def test_reads_only_the_beginning_of_a_huge_answer(self, client, receiver):
        receiver.answer = b"x" * 50_000_000

        begun = time.monotonic()
        answer = client.request("POST", receiver.url, limits=Limits(answer_bytes=1_000))

        assert answer.body == b"x" * 1_000
        assert time.monotonic() - begun < 5

    def test_ends_at_the_deadline_when_no_answer_comes(self, client, receiver):
        receiver.meanwhile = lambda _handler: time.sleep(3)

        self._takes_too_long(client, receiver)

    def test_ends_at_the_deadline_when_bytes_only_trickle(self, client, receiver):
        def trickle(handler):
            for _ in range(30):
                handler.wfile.write(b"H")
                handler.wfile.flush()
                time.sleep(0.1)

        receiver.meanwhile = trickle

        self._takes_too_long(client, receiver)

    def _takes_too_long(self, client, receiver):
        begun = time.monotonic()
        with pytest.raises(OutgoingError, match=r"No answer within 0\.6 seconds"):
            client.request("POST", receiver.url, limits=QUICK)
        assert time.monotonic() - begun < 2

    def test_says_that_nobody_listens(self, client, receiver):
        with receiving() as gone:
            url = gone.url

        with pytest.raises(OutgoingError, match=r"No connection to 127\.0\.0\.1"):
            client.request("POST", url, limits=QUICK)

    def test_says_that_the_answer_is_no_http(self, client, receiver):
        receiver.meanwhile = lambda handler: handler.wfile.write(b"SSH-2.0-x\r\n\r\n")

        with pytest.raises(OutgoingError, match="broke off"):
            client.request("POST", receiver.url, limits=QUICK)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]"]
    )
    def test_is_every_address_that_is_not_public(self, host):
        with pytest.raises(OutgoingError, match="not a public address"):
            OutgoingClient().request("POST", f"https://{host}:8443/")

    def test_is_plain_http_outside_the_named_networks(self, client):
        with pytest.raises(OutgoingError, match="https://"):
            client.request("POST", "http://8.8.8.8/")

    @pytest.mark.parametrize("port", [22, 25, 110, 853])
    def test_is_a_port_where_other_services_listen(self, client, port):
        with pytest.raises(OutgoingError, match=f"Port {port}"):
            client.request("POST", f"https://8.8.8.8:{port}/")

    def test_is_a_name_that_leads_inside(self, names, receiver):
        client = OutgoingClient(resolver=names(Names(["127.0.0.1"])))

        with pytest.raises(OutgoingError, match=r"leads to 127\.0\.0\.1"):
            client.request("POST", f"https://receiver.example:{receiver.port}/")
        assert receiver.heard == []

    def test_is_a_name_of_which_one_address_leads_inside(self, names, receiver):
        resolver = names(Names(["127.0.0.1", "127.0.0.2"]))
        client = OutgoingClient(networks=ONE_HOST, resolver=resolver)

        with pytest.raises(OutgoingError, match=r"leads to 127\.0\.0\.2"):
            client.request("POST", f"http://receiver.example:{receiver.port}/")
        assert receiver.heard == []

    def test_is_a_name_that_nobody_knows(self, names):
        client = OutgoingClient(networks=LOOPBACK, resolver=names(Names([])))

        with pytest.raises(OutgoingError, match="cannot be resolved"):
            client.request("POST", "http://nobody.example/")


class TestRebinding:
    def test_changes_nothing_after_the_check(self, names):
        """The name leads to the second server from the second question on."""
        with receiving("127.0.0.1") as checked, receiving("127.0.0.9") as inside:
            answers = Names(["127.0.0.1"], ["127.0.0.9"])
            client = OutgoingClient(networks=ONE_HOST, resolver=names(answers))

            client.request("POST", f"http://rebinding.example:{checked.port}/")

            assert answers.asked == 1
            assert checked.heard[0].headers["host"] == f"rebinding.example:{checked.port}"
            with pytest.raises(OutgoingError, match=r"leads to 127\.0\.0\.9"):
                client.request("POST", f"http://rebinding.example:{inside.port}/")
            assert inside.heard == []


class TestEncryption:
    def serving(self, authority, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return receiving(ssl_context=context)

    def test_asks_for_the_certificate_of_the_name(self, authority, trusting, names):
        resolver = names(Names(["127.0.0.1"]))
        client = OutgoingClient(networks=LOOPBACK, resolver=resolver, ssl_context=trusting)

        with self.serving(authority, "receiver.example") as receiver:
            answer = client.request("POST", f"https://receiver.example:{receiver.port}/")

        assert answer.status == 200

    def test_refuses_the_certificate_of_another_name(self, authority, trusting, names):
        resolver = names(Names(["127.0.0.1"]))
        client = OutgoingClient(networks=LOOPBACK, resolver=resolver, ssl_context=trusting)

        with (
            self.serving(authority, "other.example") as receiver,
            pytest.raises(OutgoingError, match="certificate"),
        ):
            client.request("POST", f"https://receiver.example:{receiver.port}/")
        assert receiver.heard == []

    def test_refuses_a_certificate_that_nobody_vouches_for(self, authority, client):
        with (
            self.serving(authority, "127.0.0.1") as receiver,
            pytest.raises(OutgoingError, match="certificate"),
        ):
            client.request("POST", receiver.url)
