"""IPs that no server can tell apart are found, in checks and on their pages."""

from __future__ import annotations

import pytest
from django.core.checks import Tags, run_checks
from django.urls import reverse

from iprouting.marks import alike, mark_of
from iprouting.models import TransportKind
from tests.admin_world import looking
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import PoolFactory, SendingIPFactory, TransportFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def transport(organization):
    return TransportFactory(organization=organization, name="Relay")


def two(transport, first, second):
    """Return two IPs of a transport with these fields."""
    return [
        SendingIPFactory(
            organization=transport.organization, transport=transport, address=address, **fields
        )
        for address, fields in (("203.0.113.1", first), ("203.0.113.2", second))
    ]


DOMAIN = {"return_path_domain": "ip1.bounce.example.com"}
HEADER = {"header_name": "X-Sending-IP", "header_value": "1"}
OPTIONS = {"provider_options": {"ip_pool_name": "a"}}


class TestAlike:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({}, {}),
            (DOMAIN, {"return_path_domain": "IP1.bounce.example.com"}),
            (HEADER, HEADER),
            ({"bind_address": "10.0.0.1"}, {"bind_address": "10.0.0.1"}),
            (OPTIONS, {}),  # no business of an SMTP server
        ],
    )
    def test_are_ips_with_the_same_marks(self, transport, first, second):
        ips = two(transport, first, second)

        assert alike() == [ips]

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (DOMAIN, {"return_path_domain": "ip2.bounce.example.com"}),
            (DOMAIN, {}),
            (HEADER, {**HEADER, "header_value": "2"}),
            ({"bind_address": "10.0.0.1"}, {"bind_address": "10.0.0.2"}),
            ({}, {"active": False}),
        ],
    )
    def test_are_not_ips_that_differ_in_one(self, transport, first, second):
        two(transport, first, second)

        assert alike() == []

    @pytest.mark.parametrize("other", [{"port": 2526}, {"host": "127.0.0.9"}, {"username": "b"}])
    def test_are_not_ips_of_different_servers_ports_or_logins(self, transport, other):
        second = TransportFactory(organization=transport.organization, **other)
        for each in (transport, second):
            SendingIPFactory(organization=transport.organization, transport=each)

        assert alike() == []

    def test_is_not_one_ip_by_two_transports(self, transport):
        second = TransportFactory(organization=transport.organization)
        for each in (transport, second):
            SendingIPFactory(
                organization=transport.organization, transport=each, address="203.0.113.1"
            )

        assert alike() == []

    def test_are_ips_of_a_provider_that_is_told_nothing(self, transport):
        transport.kind = TransportKind.ANYMAIL
        transport.save()
        ips = two(transport, {}, DOMAIN)

        assert alike() == [ips]
        ips[0].provider_options = {"ip_pool_name": "a"}
        ips[0].save()
        assert alike() == []

    def test_are_those_of_one_organization_if_asked_for(self, transport):
        ips = two(transport, {}, {})

        assert alike(transport.organization_id) == [ips]
        assert alike(OrganizationFactory().pk) == []

    def test_takes_one_query(self, transport, django_assert_num_queries):
        two(transport, {}, {})

        with django_assert_num_queries(1):
            alike()


class TestMarkOf:
    @pytest.mark.parametrize(
        ("kind", "fields", "words"),
        [
            ("smtp", DOMAIN, "by the return path domain ip1.bounce.example.com"),
            ("smtp", {**DOMAIN, **HEADER}, "by the header X-Sending-IP: 1"),
            ("smtp", {"bind_address": "10.0.0.1"}, "by connecting from 10.0.0.1"),
            ("smtp", {}, ""),
            ("anymail", OPTIONS, 'by {"ip_pool_name": "a"}'),
            ("anymail", DOMAIN, ""),
        ],
    )
    def test_is_said_in_words(self, kind, fields, words):
        assert mark_of(SendingIPFactory.build(transport__kind=kind, **fields)) == words


class TestCheck:
    def found(self):
        messages = run_checks(tags=[Tags.database], databases=["default"])
        return [message for message in messages if message.id == "iprouting.W001"]

    def test_warns_of_ips_that_cannot_be_told_apart(self, transport):
        two(transport, {}, {})

        (warning,) = self.found()

        assert warning.msg == (
            "Nothing tells Relay which of 203.0.113.1 and 203.0.113.2 a message is to leave from."
        )
        assert "return path domain" in warning.hint

    def test_finds_nothing_wrong_with_others(self, transport):
        two(transport, DOMAIN, HEADER)

        assert self.found() == []


class TestPage:
    def test_says_which_ips_are_not_told_apart(self, organization, transport):
        ip, _ = two(transport, {}, {})

        url = reverse("admin:iprouting_sendingip_change", args=[ip.pk])
        page = looking(organization).get(url).content.decode()

        assert "Not told apart" in page
        assert "whether a message is to leave from 203.0.113.1 or from 203.0.113.2" in page

    def test_warns_when_such_an_ip_is_saved(self, organization, transport):
        SendingIPFactory(organization=organization, transport=transport, address="203.0.113.1")
        given = {
            "address": "203.0.113.2",
            "active": "on",
            "transport": transport.pk,
            "pool": PoolFactory(organization=organization).pk,
            "provider_options": "{}",
        }

        url = reverse("admin:iprouting_sendingip_add")
        page = looking(organization).post(url, given, follow=True).content.decode()

        assert organization.ips.count() == 2
        assert "whether a message is to leave from 203.0.113.2 or from 203.0.113.1" in page

    @pytest.mark.parametrize("options", ["[1]", '"pool"', "{"])
    def test_takes_only_an_object_as_options(self, organization, transport, options):
        given = {
            "address": "203.0.113.2",
            "transport": transport.pk,
            "pool": PoolFactory(organization=organization).pk,
            "provider_options": options,
        }

        url = reverse("admin:iprouting_sendingip_add")
        answer = looking(organization).post(url, given)

        assert "provider_options" in answer.context["adminform"].form.errors
        assert not organization.ips.exists()
