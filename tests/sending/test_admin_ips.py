from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.roles import Role
from tests.admin_world import looking
from tests.factories.campaigns import IdentityFactory, OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from tests.flows.sink import running_sink
from tests.sending.scripted_server import Script, running

pytestmark = pytest.mark.django_db


def url(page, ip):
    return reverse(f"admin:iprouting_sendingip_{page}", args=[ip.pk])


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization)


class TestProbe:
    SENT = {"to_address": "me@example.com", "from_address": "news@example.com"}

    def test_shows_every_line_that_both_sides_say(self, client, organization):
        with running_sink() as sink:
            ip = SendingIPFactory(organization=organization, transport__port=sink.port)

            text = client.post(url("probe", ip), self.SENT).content.decode()

        assert "The server took the message." in text
        assert "RCPT TO:&lt;me@example.com&gt;" in text
        assert "queued as S1NK" in text
        assert sink.addresses == ["me@example.com"]

    def test_shows_at_which_step_it_went_wrong(self, client, organization):
        refusal = b"550 5.7.1 Relaying denied\r\n"
        with running_sink(answer=lambda _address: refusal) as sink:
            ip = SendingIPFactory(organization=organization, transport__port=sink.port)

            answer = client.post(url("probe", ip), self.SENT)

        assert "refused the message for good" in answer.content.decode()
        assert "Relaying denied" in answer.content.decode()

    def test_comes_from_the_domain_by_which_the_server_picks_the_ip(self, client, organization):
        with running_sink() as sink:
            ip = SendingIPFactory(
                organization=organization,
                transport__port=sink.port,
                return_path_domain="ip1.bounce.example.com",
            )

            client.post(url("probe", ip), self.SENT)

        assert sink.kept[0].mail_from == "test@ip1.bounce.example.com"

    def test_says_when_nobody_answers(self, client, organization):
        with running_sink() as sink:
            port = sink.port
        ip = SendingIPFactory(organization=organization, transport__port=port)

        answer = client.post(url("probe", ip), self.SENT)

        assert "could not be handed over" in answer.content.decode()

    def test_sends_nothing_to_what_is_no_address(self, client, organization):
        ip = SendingIPFactory(organization=organization)

        answer = client.post(url("probe", ip), {**self.SENT, "to_address": "nobody"})

        assert answer.context["mistake"]

    def test_begins_with_addresses_that_make_sense(self, client, organization):
        IdentityFactory(organization=organization, from_address="news@news.example.com")
        ip = SendingIPFactory(organization=organization)

        initial = client.get(url("probe", ip)).context["form"].initial

        user = organization.memberships.get().user
        assert initial == {"to_address": user.email, "from_address": "news@news.example.com"}

    def test_is_closed_to_an_editor(self, organization):
        ip = SendingIPFactory(organization=organization)
        editor = looking(organization, Role.EDITOR)

        assert editor.get(url("probe", ip)).status_code == 403
        assert editor.post(url("probe", ip), self.SENT).status_code == 403

    def test_is_one_press_away_from_the_ip(self, client, organization):
        ip = SendingIPFactory(organization=organization)

        page = client.get(url("change", ip)).content.decode()

        assert reverse("admin:iprouting_sendingip_send_test_message", args=[ip.pk]) in page


class TestCheckOfTheRoute:
    def test_says_which_address_the_receiver_saw(self, client, organization):
        greeting = {("EHLO", ""): "250 mx.example at your service, [127.0.0.2]"}
        with running(Script(moves=greeting)) as server:
            ip = SendingIPFactory(
                organization=organization,
                address="127.0.0.2",
                bind_address="127.0.0.2",
                transport__port=server.port,
            )
            sent = {"to_address": "me@example.com", "from_address": "news@example.com"}

            text = client.post(url("route", ip), sent).content.decode()

        assert "The receiver saw 127.0.0.2, as it should be." in text
        assert "RCPT TO:&lt;me@example.com&gt;" in text

    def test_says_that_it_needs_somebody_to_write_to(self, client, organization):
        ip = SendingIPFactory(organization=organization)

        answer = client.post(url("route", ip), {"from_address": "news@example.com"})

        assert "say to whom" in answer.context["mistake"]

    def test_is_closed_to_an_editor(self, organization):
        ip = SendingIPFactory(organization=organization)

        assert looking(organization, Role.EDITOR).get(url("route", ip)).status_code == 403

    def test_is_one_press_away_from_the_ip(self, client, organization):
        ip = SendingIPFactory(organization=organization)

        page = client.get(url("change", ip)).content.decode()

        assert reverse("admin:iprouting_sendingip_check_the_route", args=[ip.pk]) in page


class TestStatus:
    @pytest.mark.parametrize(
        ("fields", "word"),
        [
            ({}, "In use"),
            ({"active": False}, "Switched off"),
            ({"unreachable_until": timezone.now() + timedelta(hours=1)}, "Not reachable"),
            ({"unreachable_until": timezone.now() - timedelta(hours=1)}, "In use"),
        ],
    )
    def test_is_said_in_a_word(self, client, organization, fields, word):
        SendingIPFactory(organization=organization, **fields)

        text = client.get(reverse("admin:iprouting_sendingip_changelist")).content.decode()

        assert f">{word}<" in text

    def test_comes_with_the_trouble_on_the_page_of_the_ip(self, client, organization):
        ip = SendingIPFactory(
            organization=organization,
            unreachable_until=timezone.now() + timedelta(hours=1),
            unreachable_reason="Connection refused.",
        )

        assert "Connection refused." in client.get(url("change", ip)).content.decode()
