"""What the DNS and the rules say of one domain."""

import pytest

from common.addresses import AddressError
from insights.lookups import Finding
from insights.models import MailDomain
from insights.queries.mailboxes import examine
from tests.factories.insights import ProviderRuleFactory
from tests.insights.nameserver import Zone, serving

pytestmark = pytest.mark.django_db


def examined(zone, written):
    with serving(zone) as nameserver:
        return examine(written, nameservers=(nameserver,))


class TestExamine:
    @pytest.mark.parametrize(
        "written", ["company.example", " Ada@Company.example ", "company.example."]
    )
    def test_takes_a_domain_or_an_address(self, written):
        rule = ProviderRuleFactory(pattern="host.example", provider="hoster")
        zone = Zone(servers={"company.example": [(1, "mx.host.example")]})

        found = examined(zone, written)

        assert found.domain == "company.example"
        assert found.answer.hosts == ("mx.host.example",)
        assert found.verdict.provider == "hoster"
        assert [each.id for each in found.verdict.rules] == [rule.pk]
        assert found.needs_dns

    def test_ignores_rules_that_are_switched_off(self):
        ProviderRuleFactory(pattern="host.example", provider="hoster", active=False)
        zone = Zone(servers={"company.example": [(1, "mx.host.example")]})

        assert examined(zone, "company.example").verdict.provider == "other"

    def test_shows_the_dns_of_a_domain_that_a_rule_names(self):
        ProviderRuleFactory(kind="domain", pattern="company.example", provider="hoster")
        zone = Zone(servers={"company.example": [(1, "mx.other.example")]})

        found = examined(zone, "company.example")

        assert found.verdict.provider == "hoster"
        assert found.answer.hosts == ("mx.other.example",)
        assert not found.needs_dns

    def test_writes_nothing(self):
        examined(Zone(), "company.example")

        assert not MailDomain.objects.exists()

    @pytest.mark.parametrize(
        ("zone", "finding", "provider"),
        [
            (Zone(), Finding.MISSING, "none"),
            (Zone(failing={"company.example"}), Finding.NO_ANSWER, "unknown"),
        ],
    )
    def test_says_when_there_is_no_mail_server(self, zone, finding, provider):
        found = examined(zone, "company.example")

        assert (found.answer.finding, found.verdict.provider) == (finding, provider)

    @pytest.mark.parametrize("written", ["", "company", "not a domain", "a@b@c.example"])
    def test_refuses_what_is_no_domain(self, written):
        with pytest.raises(AddressError):
            examine(written, nameservers=("127.0.0.1:9",))
