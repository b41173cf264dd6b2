"""Changing the table of mailbox providers."""

import pytest

from common.errors import DomainError
from insights.models import MailDomain, ProviderRule
from insights.operations.provider_rules import delete_rules, plain_pattern, save_rule
from tests.factories.insights import MailDomainFactory, ProviderRuleFactory

pytestmark = pytest.mark.django_db


def marked():
    """Return the domains that are to be judged again."""
    return set(MailDomain.objects.filter(unjudged=True).values_list("domain", flat=True))


class TestPlainPattern:
    @pytest.mark.parametrize(
        ("written", "plain"),
        [
            ("mx.example.com", "mx.example.com"),
            (" .Example.COM. ", "example.com"),
            ("*.example.com", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
        ],
    )
    def test_takes_off_what_stands_around_a_name(self, written, plain):
        assert plain_pattern(written) == plain

    @pytest.mark.parametrize(
        "written", ["", "com", "a b.example", "*", "192.0.2.1", "ada@a.example"]
    )
    def test_refuses_what_is_no_name(self, written):
        with pytest.raises(DomainError) as refused:
            plain_pattern(written)

        assert (refused.value.code, refused.value.extra) == (
            "pattern_invalid",
            {"field": "pattern"},
        )


class TestSaveRule:
    def test_marks_the_domains_it_may_fit(self):
        MailDomainFactory(domain="a.example", mx_hosts=["mx.first.example", "mx.host.example"])
        MailDomainFactory(domain="b.example", mx_hosts=["mx.ghost.example"])
        MailDomainFactory(domain="host.example", mx_hosts=["mx.first.example"])
        MailDomainFactory(domain="mail.host.example", status="address", mx_hosts=[])
        MailDomainFactory(domain="www.host.example", status="missing", mx_hosts=[])

        save_rule(ProviderRuleFactory.build(pattern=".Host.example"))

        assert marked() == {"a.example", "host.example", "mail.host.example"}

    def test_marks_those_that_the_old_pattern_fitted(self):
        rule = ProviderRuleFactory(pattern="old.example")
        MailDomainFactory(domain="a.example", mx_hosts=["mx.old.example"])
        MailDomainFactory(domain="b.example", mx_hosts=["mx.new.example"])
        MailDomainFactory(domain="c.example", mx_hosts=["mx.other.example"])
        rule.pattern = "new.example"

        save_rule(rule)

        assert marked() == {"a.example", "b.example"}

    def test_changes_nothing_when_the_pattern_is_no_name(self):
        rule = ProviderRuleFactory(pattern="old.example")
        rule.pattern = "com"

        with pytest.raises(DomainError):
            save_rule(rule)

        rule.refresh_from_db()
        assert rule.pattern == "old.example"


class TestDeleteRules:
    def test_marks_the_domains_they_fitted(self):
        rules = [ProviderRuleFactory(pattern=f"{name}.example") for name in ("one", "two")]
        for name in ("one", "two", "three"):
            MailDomainFactory(domain=f"at-{name}.example", mx_hosts=[f"mx.{name}.example"])

        delete_rules(ProviderRule.objects.filter(pk__in=[rule.pk for rule in rules]))

        assert not ProviderRule.objects.filter(pk__in=[rule.pk for rule in rules]).exists()
        assert marked() == {"at-one.example", "at-two.example"}
