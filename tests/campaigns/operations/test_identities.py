"""Sending domains and identities."""

import pytest

from campaigns.models import Identity, SendingDomain
from campaigns.operations.identities import save_domain, save_identity
from common.errors import DomainError
from tests.factories.campaigns import (
    IdentityFactory,
    OrganizationFactory,
    SendingDomainFactory,
)

pytestmark = pytest.mark.django_db


def refused(function, instance):
    """Return code and field of the error that saving raises."""
    with pytest.raises(DomainError) as caught:
        function(instance)
    return caught.value.code, caught.value.extra["field"]


class TestSaveDomain:
    def domain(self, **fields):
        """Return a domain that is not stored."""
        return SendingDomain(organization=OrganizationFactory(), **{"name": "a.example"} | fields)

    def test_stores_names_in_ascii(self):
        saved = save_domain(
            self.domain(name=" News.BÜCHER.example ", return_path_domain="Bounce.example.com")
        )

        saved.refresh_from_db()
        assert saved.name == "news.xn--bcher-kva.example"
        assert saved.return_path_domain == "bounce.example.com"

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"name": ""}, ("domain_invalid", "name")),
            ({"name": "localhost"}, ("domain_invalid", "name")),
            ({"name": "https://a.example"}, ("domain_invalid", "name")),
            ({"name": "a@b.example"}, ("domain_invalid", "name")),
            ({"return_path_domain": "a b"}, ("domain_invalid", "return_path_domain")),
            ({"tracking_url": "links.example.com"}, ("tracking_url_invalid", "tracking_url")),
            ({"tracking_url": "https://a.example/t"}, ("tracking_url_invalid", "tracking_url")),
            ({"tracking_url": "https://a.example?x"}, ("tracking_url_invalid", "tracking_url")),
            ({"tracking_url": "https://u:p@a.example"}, ("tracking_url_invalid", "tracking_url")),
            ({"tracking_url": "ftp://a.example"}, ("tracking_url_invalid", "tracking_url")),
            ({"tracking_url": 'https://a"b'}, ("tracking_url_invalid", "tracking_url")),
        ],
    )
    def test_names_what_is_wrong(self, fields, expected):
        assert refused(save_domain, self.domain(**fields)) == expected
        assert not SendingDomain.objects.exists()

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("", ""),
            ("https://links.example.com/", "https://links.example.com"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ],
    )
    def test_keeps_scheme_and_host_of_the_tracking_address(self, given, kept):
        assert save_domain(self.domain(tracking_url=given)).tracking_url == kept

    def test_refuses_a_name_that_is_there(self):
        known = SendingDomainFactory(name="a.example")
        again = SendingDomain(organization=known.organization, name="A.example")

        assert refused(save_domain, again) == ("domain_taken", "name")

    def test_refuses_to_rename_what_identities_use(self):
        identity = IdentityFactory(domain__name="a.example")
        identity.domain.name = "b.example"

        assert refused(save_domain, identity.domain) == ("domain_in_use", "name")

    def test_changes_the_rest_of_a_domain_in_use(self):
        domain = IdentityFactory().domain
        domain.tracking_url = "https://links.example.com"

        save_domain(domain)

        domain.refresh_from_db()
        assert domain.tracking_url == "https://links.example.com"


class TestSaveIdentity:
    def identity(self, **fields):
        """Return an identity on news.example.com that is not stored."""
        domain = SendingDomainFactory(name="news.example.com")
        known = {
            "organization": domain.organization,
            "domain": domain,
            "from_name": "Acme",
            "from_address": "hello@news.example.com",
        }
        return Identity(**known | fields)

    def test_normalizes_addresses_and_name(self):
        saved = save_identity(
            self.identity(
                from_name=" Acme\r\nBcc: x ",
                from_address="Hello@NEWS.example.com",
                reply_to=" Team@Bücher.example ",
            )
        )

        saved.refresh_from_db()
        assert saved.from_name == "Acme Bcc: x"
        assert saved.from_address == "Hello@news.example.com"
        assert saved.reply_to == "Team@xn--bcher-kva.example"

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"from_address": "hello@example.com"}, ("address_not_on_domain", "from_address")),
            (
                {"from_address": "hello@evil-news.example.com"},
                ("address_not_on_domain", "from_address"),
            ),
            ({"from_address": "hello"}, ("address_without_at", "from_address")),
            ({"reply_to": "hello"}, ("address_without_at", "reply_to")),
        ],
    )
    def test_names_what_is_wrong(self, fields, expected):
        assert refused(save_identity, self.identity(**fields)) == expected

    def test_refuses_a_domain_of_another_organization(self):
        identity = self.identity(organization=OrganizationFactory())

        assert refused(save_identity, identity) == ("foreign_domain", "domain")

    def test_takes_an_address_once_in_a_stream(self):
        known = IdentityFactory()
        again = Identity(
            organization=known.organization,
            domain=known.domain,
            from_name="Other",
            from_address=known.from_address.upper().replace("NEWS@", "news@"),
        )

        assert refused(save_identity, again) == ("identity_taken", "from_address")

        again.stream = "transactional"
        assert save_identity(again).pk
